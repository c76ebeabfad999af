"""Which names announce a secret value: decided by whole words, so that MONKEY and KEYBOARD stay and DB_PASS goes.

Asked for environment variables, flags, annotation keys and the left side of ``name=value`` in text.
"""

import itertools
import re
from functools import lru_cache
from typing import Final


def _listed(text: str) -> frozenset[str]:
    return frozenset(text.split())


SECRET_WORDS: Final = _listed(
    """password passwords passwd pass passphrase passcode pwd secret secrets token tokens credential credentials cred
    creds auth authorization bearer jwt salt pepper cookie cookies pin otp totp mnemonic dsn apikey apikeys accesskey
    secretkey privatekey authkey authtoken connectionstring connstr webhook pgpass dbpass userpass dockerconfigjson
    kubeconfig htpasswd sas signature"""
)
COMPOUND_ENDS: Final = ("password", "passwd", "passphrase", "secret", "token", "credentials", "apikey", "secretkey")
"""Words run together: PGPASSWORD, CLIENTSECRET."""
KEY_OWNERS: Final = _listed(
    """api access secret private encryption signing sign master auth ssh gpg pgp client account storage license licence
    service app application deploy hmac jwt session shared crypto aes rsa ed25519 tls ssl server project admin root
    integration ingest write read"""
)
"""What stands before KEY where it is one, even in the middle: AWS_ACCESS_KEY_ID."""
HARMLESS_KEYS: Final = _listed(
    """primary foreign sort partition cache public routing message label hash map index unique row column idempotency
    dedupe group shard bucket object registry hot arrow"""
)
HARMLESS_ENDS: Final = _listed(
    """file path dir directory folder ttl expiry expires expiration lifetime length min max timeout seconds minutes days
    hours enabled disabled required optional rotation interval issuer algorithm alg type header headers count limit size
    policy rounds host hosts hostname port addr address mode method methods provider domain realm audience scope scopes
    url uri endpoint service strategy validation version format prefix suffix field lookup attempts retries cost
    iterations"""
)
"""A setting about a secret, not the secret. Its value is still searched for token formats and URL credentials."""
CONNECTIONS: Final = _listed("database db jdbc connection conn sql sqlalchemy sentry webhook")
"""What stands before URL or URI where it holds credentials as a rule."""

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")


@lru_cache(maxsize=4096)
def is_secret(name: str) -> bool:
    """Tell whether a value called ``name`` is to be masked whatever it looks like."""
    found = words(name[:200])
    if not found or name in {"PWD", "OLDPWD"}:
        return False
    if found[-1] in {"url", "uri", "urls"} and CONNECTIONS & set(found):
        return True
    if found[-1] in HARMLESS_ENDS:
        return False
    return any(_announces(word) for word in found) or _is_key(found) or _pair(found, "connection", "string")


def words(name: str) -> list[str]:
    """Split into lower-case words: at separators, at camel humps, around digits."""
    return [word.lower() for word in _WORD.findall(name) if not word.isdigit()]


def _announces(word: str) -> bool:
    return word in SECRET_WORDS or word.endswith(COMPOUND_ENDS)


def _is_key(found: list[str]) -> bool:
    for at, word in enumerate(found):
        if word in {"key", "keys"}:
            before = found[at - 1] if at else ""
            if before in KEY_OWNERS or (at == len(found) - 1 and before not in HARMLESS_KEYS):
                return True
    return False


def _pair(found: list[str], first: str, second: str) -> bool:
    return (first, second) in itertools.pairwise(found)
