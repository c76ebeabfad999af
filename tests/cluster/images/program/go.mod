module logjedi.dev/tests/cluster/images/program

go 1.24
