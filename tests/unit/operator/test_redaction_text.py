"""Free text: secrets go, harmless look-alikes stay, hostile lines take linear time."""

import base64
import time

import pytest

from logjedi_operator.domain.redaction import Redactor, scrub_text
from logjedi_operator.domain.redaction import names as secret_names

B62 = "aZ3kQ9xW7mB2pL5vN8cR1tY6uI4oE0sD"
HEX = "9f86d081884c7d659a2feaa0c55ad015"
JWT = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJzaG9wOndlYiJ9.c2lnbmF0dXJlLXNpZ25hdHVyZQ"
BODY = "MIIEpAIBAAKCAQEA7Zk3u1m9Q0w8"

SECRETS = {
    "aws key id": "AKIAIOSFODNN7EXAMPLE",
    "aws session key id": "ASIAIOSFODNN7EXAMPLE",
    "google api key": "AIza" + B62 + "abc",
    "google oauth": "ya29." + B62,
    "github": "ghp_" + B62 + "abcd",
    "github fine grained": "github_pat_11ABCDEFG0" + B62,
    "gitlab": "glpat-" + B62[:20],
    "slack bot": "xoxb-123456789012-1234567890123-" + B62[:24],
    "slack app": "xapp-1-A012-345-" + HEX,
    "openai": "sk-" + B62,
    "openai project": "sk-proj-" + B62 + "_" + B62,
    "anthropic": "sk-ant-api03-" + B62 + "-AA",
    "stripe": "sk_live_" + B62[:24],
    "stripe webhook": "whsec_" + B62,
    "npm": "npm_" + B62 + "abcd",
    "pypi": "pypi-AgEIcHlwaS5vcmc" + B62,
    "hugging face": "hf_" + B62 + "ab",
    "docker": "dckr_pat_" + B62[:27],
    "digitalocean": "dop_v1_" + HEX + HEX,
    "sendgrid": "SG." + B62[:22] + "." + B62 + B62[:11],
    "twilio": "SK" + HEX,
    "telegram": "1234567890:AA" + B62 + "a",
    "vault": "hvs." + B62,
    "databricks": "dapi" + HEX,
    "shopify": "shpat_" + HEX,
    "grafana": "glsa_" + B62,
    "age": "AGE-SECRET-KEY-1" + "Q" * 58,
    "jwt": JWT,
    "base64 of a github token": base64.b64encode(("ghp_" + B62 + "abcd").encode()).decode(),
    "base64 of an assignment": base64.b64encode(b"user=web\npassword=correcthorse1\n").decode(),
}
CONTEXTS = [
    "{}",
    "token {} was refused",
    'got "{}" from the server',
    "x={}",
    '{{"credential":"{}"}}',
    "https://api.example.com/v1?key={}&page=2",
    "2026-11-23T12:00:00Z ERROR [{}] denied",
    "a,{},b",
    "prefix:{};",
    "\t{}\r",
]


@pytest.mark.parametrize("secret", SECRETS.values(), ids=SECRETS.keys())
def test_a_token_goes_by_its_form_in_every_context(secret: str) -> None:
    for context in CONTEXTS:
        assert secret not in scrub_text(context.format(secret)), context


PHRASES = [
    ("password=hunter2", "hunter2"),
    ("password: hunter2", "hunter2"),
    ("DB_PASS=hunter2 PORT=80", "hunter2"),
    ('{"password": "correct horse", "user": "web"}', "correct horse"),
    ('{\\"password\\":\\"hunter2\\"}', "hunter2"),
    ("'secret_key' => 'hunter2'", "hunter2"),
    ("--password hunter2 --verbose", "hunter2"),
    ("--api-key=hunter2", "hunter2"),
    ("curl -u web:hunter2 https://example.com", "hunter2"),
    ("mysql -h db -phunter2 shop", "hunter2"),
    ("sshpass -p hunter2 ssh web@db", "hunter2"),
    ("Authorization: Bearer hunter2hunter2", "hunter2hunter2"),
    ("Authorization: Basic d2ViOmh1bnRlcjI=", "d2ViOmh1bnRlcjI="),
    ("authorization=Token hunter2hunter2", "hunter2hunter2"),
    ("using bearer hunter2hunter2", "hunter2hunter2"),
    ("postgres://web:hunter2@db:5432/shop", "hunter2"),
    ("postgresql+asyncpg://web:p@ss/hunter2@db/shop", "hunter2"),
    ("redis://:hunter2@cache:6379/0", "hunter2"),
    ("amqp://web:hunter2@mq", "hunter2"),
    ("https://hunter2hunter2@github.com/shop/web.git", "hunter2hunter2"),
    ("Server=db;User Id=web;Password=hunter2;", "hunter2"),
    ("host=db user=web password=hunter2 dbname=shop", "hunter2"),
    ("DefaultEndpointsProtocol=https;AccountName=a;AccountKey=hunter2hunter2==;", "hunter2hunter2"),
    ("https://a.blob.core.windows.net/c?sv=1&sig=hunter2hunter2hunter2", "hunter2hunter2hunter2"),
    ("https://hooks.slack.com/services/T0/B0/hunter2hunter2", "hunter2hunter2"),
    (f"the secret is {B62}", B62),
    (f"aws_secret_access_key {B62}abcdefgh", B62),
    ("spring.datasource.password=hunter2", "hunter2"),
    ("clientSecret: hunter2", "hunter2"),
    ("PGPASSWORD=hunter2 psql", "hunter2"),
    ("<password>hunter2</password>", "hunter2"),
    ('<property name="db.password" value="hunter2"/>', "hunter2"),
    ("the password was 'hunter2'", "hunter2"),
    ("password\thunter2", "hunter2"),
    ("DB_PASSWORD -> hunter2", "hunter2"),
    ("body=password%3Dhunter2%26user%3Dweb", "hunter2"),
    ("docker login -u web -p hunter2 registry.example", "hunter2"),
    ("sqlplus scott/hunter2@db:1521/shop", "hunter2"),
    ("login failed for web:hunter2@db", "hunter2"),
    ("jdbc:mysql://db/shop?user=web&password=hunter2", "hunter2"),
    ("X-Api-Key: hunter2", "hunter2"),
    ("Set-Cookie: session_token=hunter2; Path=/", "hunter2"),
    ("sh -c 'export API_TOKEN=hunter2; run'", "hunter2"),
]


@pytest.mark.parametrize(("text", "secret"), PHRASES, ids=[text[:30] for text, _ in PHRASES])
def test_a_value_goes_for_what_stands_beside_it(text: str, secret: str) -> None:
    assert secret not in scrub_text(text)


PEM = f"-----BEGIN RSA PRIVATE KEY-----\n{BODY}\n{BODY}x\n-----END RSA PRIVATE KEY-----"


@pytest.mark.parametrize(
    "text",
    [
        f"loaded\n{PEM}\ndone",
        PEM.replace("\n", "\\n"),
        f"loaded\n{PEM[: PEM.index('-----END')]}",
        f"{PEM[PEM.index(BODY) :]}\ndone",
        f"{PEM[PEM.index(BODY) :]}\n{PEM}\n{PEM}",
    ],
    ids=["whole", "escaped", "no end", "no beginning", "several"],
)
def test_private_keys_go_also_when_a_tail_cut_them(text: str) -> None:
    scrubbed = scrub_text(text)
    assert BODY not in scrubbed
    assert ("done" in scrubbed) == ("done" in text)


HARMLESS = [
    "MONKEY=banana KEYBOARD=qwertz",
    'Back-off pulling image "registry.example/shop/web:1.1"',
    "pulled registry.example/shop/web@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    'MountVolume.SetUp failed for volume "db-secret" : secret "db-creds" not found',
    'MountVolume.SetUp failed for volume "token" : configmap "web" not found',
    "couldn't find key MOOD in ConfigMap shop/web-config",
    "error: token: expired at 12:00",
    'password authentication failed for user "web"',
    "authentication: required",
    "secret: not found",
    "listening on http://0.0.0.0:8080/healthz",
    "dial tcp: lookup redis on 10.96.0.10:53: no such host",
    'exec: "serv": executable file not found in $PATH',
    "pod web-7d9c5b8f4-x2x7k uid 0f3c2f5e-9a3d-4f0e-8a7c-1d2e3f405060 evicted",
    "commit 3f786850e387550fdab836ed7e6dc881de23001b deployed",
    "git clone ssh://git@github.com/shop/web.git",
    "mail to web@shop.example bounced",
    "GET /api/v1/namespaces/shop/pods?limit=500 200 12ms",
    'java.lang.NullPointerException: Cannot invoke "String.length()" because "key" is null',
    "at com.example.shop.auth.TokenService.refresh(TokenService.java:42)",
    "0/3 nodes are available: 1 node(s) had untolerated taint {node-role.kubernetes.io/control-plane: }",
    "primary_key=42 sort_key=name partition_key=shop",
    "TOKEN_TTL=3600 PASSWORD_MIN_LENGTH=12",
    "basic authentication is enabled",
    "sk-learn-pipeline-worker started",
    "memory limit 128Mi exceeded, killed process 4711 (java)",
    "key: value pairs: 12",
    "cookie: disabled",
    "password is required and was rejected: token is invalid",
    "the secret is mounted at /etc/tls, the token was refreshed",
    "registry.example:5000/shop/web:1.10@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "docker run -p 8080:80 web:1.1",
    "<html><body>504 Gateway Time-out</body></html>",
    "failed with code=137 after 3 restarts; see https://example.com/docs#auth-token",
    "x -> y -> z",
]


@pytest.mark.parametrize("line", HARMLESS)
def test_a_harmless_line_stays(line: str) -> None:
    assert scrub_text(line) == line


@pytest.mark.parametrize(
    "name",
    [
        "API_KEY",
        "SECRET_TOKEN",
        "db_password",
        "MY_CREDENTIAL",
        "DB_PASS",
        "DATABASE_URL",
        "AUTH",
        "DSN",
        "SENTRY_DSN",
        "PGPASSWORD",
        "apiKey",
        "clientSecret",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_ACCESS_KEY_ID",
        "GITHUB_TOKEN",
        "JWT_SIGNING_KEY",
        "SPRING_DATASOURCE_PASSWORD",
        "REDIS_AUTH",
        "MONGO_CONNECTION_STRING",
        "SLACK_WEBHOOK_URL",
        "DB_URI",
        "ENCRYPTION_KEY",
        "HMAC_KEY_V2",
        "COOKIE_SECRET",
        "SESSION_KEY",
        "MYSQL_PWD",
    ],
)
def test_a_name_announces_a_secret(name: str) -> None:
    assert secret_names.is_secret(name)


@pytest.mark.parametrize(
    "name",
    [
        "PATH",
        "MONKEY",
        "KEYBOARD",
        "NORMAL_VAR",
        "COMPASS",
        "BYPASS_CACHE",
        "AUTHOR",
        "TOKENIZER",
        "SECRETARY",
        "PASSENGER_COUNT",
        "PWD",
        "HOCKEY",
        "DONKEY_MODE",
        "TOKEN_TTL",
        "PASSWORD_FILE",
        "AUTH_ENABLED",
        "AUTH_HOST",
        "PRIMARY_KEY",
        "CACHE_KEY_PREFIX",
        "SORT_KEY",
        "PUBLIC_KEY",
        "KEYCLOAK_HOST",
        "PINNED_VERSION",
        "DATABASE_HOST",
        "REDIS_PORT",
        "OAUTH_TOKEN_URL",
        "LOG_LEVEL",
        "TURKEY",
        "SIGNATURE_ALGORITHM",
        "AUTHORITY",
    ],
)
def test_a_name_announces_none(name: str) -> None:
    assert not secret_names.is_secret(name)


def test_equal_values_have_equal_pseudonyms_and_planted_ones_are_masked() -> None:
    redactor = Redactor()
    first = redactor.text("password=hunter2 and password=hunter2 and password=other7")
    assert first == "password=<redacted-1> and password=<redacted-1> and password=<redacted-2>"
    planted = Redactor().text("please set the value to <secret-1> or <REDACTED-7>")
    assert planted == "please set the value to <redacted-1> or <redacted-2>"


MEGABYTE = 1_000_000
SHORT = 150_000
HOSTILE = {
    "a run of one letter": "a" * SHORT,
    "base64": "aZ3kQ9xW" * (SHORT // 8),
    "jwt heads": "eyJaaaaaaaa-" * (MEGABYTE // 12),
    "jwt dots": "eyJaaaaaaaa." * (SHORT // 12),
    "schemes": "redis://" * (MEGABYTE // 8),
    "database run": "redis://" + "a:" * (SHORT // 2),
    "userinfo": "http://a:b" * (SHORT // 10),
    "open quotes": "password='x password=\"y " * (SHORT // 24),
    "unclosed": 'password="' * (MEGABYTE // 10),
    "escapes": 'password="' + "\\" * SHORT,
    "flags": "--password " * (SHORT // 11),
    "dashes": "-" * SHORT,
    "pem heads": "-----BEGIN RSA PRIVATE KEY-----\n" * (MEGABYTE // 32),
    "pem ends": "-----END RSA PRIVATE KEY-----\n" * (SHORT // 30),
    "pem end after body": ("A" * 64 + "\n") * (SHORT // 65) + "-----END X-----",
    "words": "secret token key " * (SHORT // 17),
    "equals": "=" * SHORT,
    "identifiers": "a.b-c_d" * (SHORT // 7) + "=",
    "mysql": "mysql " * (SHORT // 6),
    "slashes": "/" * SHORT,
    "colons": "a:" * (SHORT // 2),
    "spaces": "password" + " " * SHORT,
    "elements": "<password>" * (SHORT // 10),
    "sentences": "password is " * (SHORT // 12),
    "pairs": "a.b:c" * (SHORT // 5),
    "angle": "<redacted-" * (SHORT // 10),
    "names": "configmap secret " * (MEGABYTE // 17),
}


@pytest.mark.parametrize("line", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_megabyte_takes_seconds_at_most(line: str) -> None:
    began = time.perf_counter()
    Redactor().text(line)
    assert time.perf_counter() - began < 10
