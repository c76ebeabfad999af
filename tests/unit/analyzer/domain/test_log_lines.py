from logjedi_analyzer.domain import log_lines
from logjedi_analyzer.domain.scene import Scene
from tests.unit.analyzer.incidents import incident


def scene(*lines: str, previous: tuple[str, ...] = ()) -> Scene:
    tails = [
        {"pod": "p", "container": "app", "lines": list(lines)},
        {"pod": "p", "container": "app", "previous": True, "lines": list(previous)},
        {"pod": "p", "container": "proxy", "lines": ["error of another container"]},
    ]
    return Scene(incident("CrashLoopBackOff", "crash", logs=tails))


def test_the_newest_distinct_errors_come_in_their_order() -> None:
    lines = ["error 1", "ok", "error 2", "error 3", *["error 4"] * 50, "bye"]
    assert log_lines.telling(scene(*lines), "app") == ("error 2", "error 3", "error 4")


def test_what_died_wrote_first() -> None:
    assert log_lines.of(scene("now", previous=("then",)), "app") == ("then", "now")


def test_noise_and_chatter_are_no_errors() -> None:
    chatter = ["  at com.example.Failure(Failure.java:3)", "level=debug failed to care", "INFO retry after error"]
    assert log_lines.telling(scene("panic: x", *chatter), "app") == ("panic: x",)


def test_without_errors_the_last_line_stands() -> None:
    assert log_lines.telling(scene("one", "two", " "), "app") == ("two",)
    assert log_lines.telling(scene(), "app") == ()


def test_names_are_found_as_words() -> None:
    assert list(log_lines.naming(["PORT is bad", "EXPORT is bad", "my-PORT"], "PORT")) == ["PORT is bad"]
