"""Redaction: nothing leaves the operator but through here.

``Redactor`` masks everything of one analysis with stable pseudonyms, ``resolve`` puts real values back into a patch,
``people`` masks secret values (not names) in what is shown. Which value is secret is decided by ``names`` (what it is
called), ``formats`` (what it looks like), ``phrases`` (what stands beside it) and ``spec`` (where it stands).
"""

from logjedi_operator.domain.redaction.people import is_secret_path, mask_changes, scrub_text
from logjedi_operator.domain.redaction.pseudonyms import Entry, Kind, Pseudonyms
from logjedi_operator.domain.redaction.redactor import Redactor
from logjedi_operator.domain.redaction.resolution import resolve

__all__ = [
    "Entry",
    "Kind",
    "Pseudonyms",
    "Redactor",
    "is_secret_path",
    "mask_changes",
    "resolve",
    "scrub_text",
]
