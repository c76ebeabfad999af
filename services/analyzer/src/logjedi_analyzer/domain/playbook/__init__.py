"""The rules, one module a family. Each is a function from a scene to findings; ``engine`` lists and ranks them."""
