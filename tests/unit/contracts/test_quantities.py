import json
import shutil
import subprocess
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logjedi_contracts import quantities

SUFFIXES = ["", "n", "u", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", "0"),
        ("64Mi", "67108864"),
        ("1.5", "1.5"),
        ("500m", "0.5"),
        ("1E", "1000000000000000000"),
        ("1E3", "1000"),
        ("1e3", "1000"),
        ("12e-3", "0.012"),
        ("+5", "5"),
        ("-5k", "-5000"),
        (".5", "0.5"),
        ("1.", "1"),
        ("0.1Mi", "104857.6"),
        ("1k", "1000"),
        ("1Ki", "1024"),
        ("9007199254740993", "9007199254740993"),
        ("0.0000000001", "0.000000001"),
        ("-0.0000000001", "-0.000000001"),
        ("100Ei", "9223372036854775807"),
        (3, "3"),
    ],
)
def test_reads_exactly(text: Any, value: Any) -> None:
    assert quantities.parse(text) == Decimal(value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "1 Gi",
        "8GB",
        "1K",
        "1kI",
        "1mi",
        "Mi",
        "--1",
        "1.2.3",
        "1e",
        "1e1000",
        "0x10",
        "1_000",
        "\u0661",
        "NaN",
        "inf",
        "1" * 65,
        "1Gi\n",
        "∞",
        True,
        1.5,
        None,
    ],
)
def test_refuses_what_is_none(text: Any) -> None:
    with pytest.raises(ValueError, match="not a Kubernetes quantity"):
        quantities.parse(text)


@pytest.mark.parametrize(("first", "second", "expected"), [("1Gi", "1G", 1), ("1000m", "1", 0), ("1023Mi", "1Gi", -1)])
def test_compares_by_value(first: Any, second: Any, expected: Any) -> None:
    assert quantities.compare(first, second) == expected


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("0.5Gi", "512Mi", True),
        ("1", 1, True),
        ("1", True, False),
        ("x", "x", False),
        ("1Gi", "1G", False),
        ("1", None, False),
    ],
)
def test_equal_is_by_value_and_never_raises(first: Any, second: Any, expected: Any) -> None:
    assert quantities.equal(first, second) is expected


CANONICAL = [
    ("0.5Gi", "512Mi"),
    ("1.5", "1500m"),
    ("1000m", "1"),
    ("1024Mi", "1Gi"),
    ("1500Mi", "1500Mi"),
    ("100000k", "100M"),
    ("0.1Mi", "104857600m"),
    ("1e3", "1e3"),
    ("12e-3", "12e-3"),
    ("1000n", "1u"),
    ("5e-10", "1e-9"),
    ("1E", "1E"),
    ("100Ei", "9223372036854775807"),
    ("1023", "1023"),
    ("1024", "1024"),
    ("1.5Ki", "1536"),
    ("0", "0"),
    (".5", "500m"),
    ("1000000", "1M"),
    ("1500e3", "1500e3"),
    ("100e-3", "100e-3"),
    ("0.9Ki", "921600m"),
    ("1Ei", "1Ei"),
    ("-2Gi", "-2Gi"),
]


@pytest.mark.parametrize(("text", "expected"), CANONICAL)
def test_spells_as_the_api_server_does(text: Any, expected: Any) -> None:
    assert quantities.canonical(text) == expected


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is the oracle")
def test_kubectl_spells_them_the_same() -> None:
    containers = [
        {"name": f"c{index}", "image": "a", "resources": {"limits": {"memory": text}}}
        for index, (text, _) in enumerate(CANONICAL)
    ]
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}, "spec": {"containers": containers}}
    command = ["kubectl", "set", "image", "--local", "-f", "-", "-o", "json", "c0=b"]
    answer = json.loads(
        subprocess.run(command, input=json.dumps(pod), capture_output=True, text=True, check=True).stdout
    )
    spelled = [container["resources"]["limits"]["memory"] for container in answer["spec"]["containers"]]
    assert spelled == [expected for _, expected in CANONICAL]


@given(st.integers(-(10**6), 10**6), st.integers(0, 999), st.sampled_from(SUFFIXES))
def test_the_canonical_spelling_keeps_the_value(whole: Any, part: Any, suffix: Any) -> None:
    text = f"{whole}.{part:03}{suffix}"
    assert quantities.parse(quantities.canonical(text)) == quantities.parse(text)


@given(st.text(max_size=80))
def test_any_text_is_a_quantity_or_a_value_error(text: Any) -> None:
    try:
        quantities.parse(text)
    except ValueError:
        return


@given(st.integers(0, 2**62), st.integers(0, 2**62))
def test_order_is_that_of_the_numbers(first: Any, second: Any) -> None:
    assert quantities.compare(str(first), str(second)) == (first > second) - (first < second)
