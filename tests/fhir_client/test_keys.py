"""Signing keys: generated, parsed as hospitals deliver them, and published."""

import json

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from joserfc.jwk import ECKey, OctKey

from fhir_client.auth.keys import KeyFileError, SigningKey, generate_key, jwk_set, parse_keys

EC_KEY, RSA_KEY = generate_key("ES384"), generate_key("RS384")
PRIVATE = {"d", "p", "q", "dp", "dq", "qi", "k"}
PLAIN = serialization.NoEncryption()
FORMATS = [serialization.PrivateFormat.PKCS8, serialization.PrivateFormat.TraditionalOpenSSL]


def pem(
    key: SigningKey,
    shape: serialization.PrivateFormat = FORMATS[0],
    seal: serialization.KeySerializationEncryption = PLAIN,
) -> bytes:
    raw = key.pair.private_key
    assert isinstance(raw, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey)
    return raw.private_bytes(serialization.Encoding.PEM, shape, seal)


@pytest.mark.parametrize("key", [EC_KEY, RSA_KEY], ids=["ES384", "RS384"])
@pytest.mark.parametrize("shape", FORMATS)
def test_a_key_is_the_same_from_pem_jwk_and_jwk_set(
    key: SigningKey, shape: serialization.PrivateFormat
) -> None:
    jwk = key.private_jwk()
    for raw in (pem(key, shape), json.dumps(jwk).encode(), json.dumps({"keys": [jwk]}).encode()):
        [found] = parse_keys(raw)
        assert (found.id, found.algorithm, found.public_jwk()) == (
            key.id,
            key.algorithm,
            key.public_jwk(),
        )


def test_no_generated_key_id_begins_with_a_dash(monkeypatch: pytest.MonkeyPatch) -> None:
    pairs = iter(lambda: ECKey.generate_key("P-384"), None)
    dashed = next(pair for pair in pairs if pair.thumbprint().startswith("-"))
    given = iter([dashed, dashed, EC_KEY.pair])
    monkeypatch.setattr(ECKey, "generate_key", lambda _: next(given))
    assert generate_key("ES384").id == EC_KEY.id


def test_a_public_jwk_set_has_nothing_private() -> None:
    first, second = jwk_set([EC_KEY, RSA_KEY])["keys"]
    assert {key: first[key] for key in ("kty", "crv", "alg", "use", "kid")} == {
        "kty": "EC",
        "crv": "P-384",
        "alg": "ES384",
        "use": "sig",
        "kid": EC_KEY.id,
    }
    assert (second["kty"], second["alg"], second["kid"]) == ("RSA", "RS384", RSA_KEY.id)
    assert not (first.keys() | second.keys()) & PRIVATE


def test_a_jwk_set_keeps_its_order() -> None:
    raw = json.dumps({"keys": [RSA_KEY.private_jwk(), EC_KEY.private_jwk()]}).encode()
    assert [key.id for key in parse_keys(raw)] == [RSA_KEY.id, EC_KEY.id]


def test_a_key_without_kid_gets_the_given_id_or_its_thumbprint() -> None:
    bare = {
        name: value
        for name, value in EC_KEY.private_jwk().items()
        if name not in ("kid", "alg", "use")
    }
    assert [parse_keys(json.dumps(bare).encode(), name)[0].id for name in ("", "ours-2026")] == [
        EC_KEY.id,
        "ours-2026",
    ]
    assert parse_keys(pem(EC_KEY), "ours-2026")[0].id == "ours-2026"


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"", "neither PEM nor JSON"),
        (b"\xff\xfe", "neither PEM nor JSON"),
        (b"[]", "list of keys"),
        (b'{"keys": []}', "list of keys"),
        (b'{"keys": {}}', "list of keys"),
        (b'{"keys": [7]}', "no EC or RSA key"),
        (b'{"kty": "EC", "crv": "P-384"}', "no EC or RSA key"),
        (b'{"kty": ["EC"]}', "no EC or RSA key"),
        (json.dumps(OctKey.generate_key(256).as_dict()).encode(), "no EC or RSA key"),
        (json.dumps(EC_KEY.public_jwk()).encode(), "public key"),
        (json.dumps(ECKey.generate_key("P-256").as_dict(private=True)).encode(), "curve P-384"),
        (json.dumps({**EC_KEY.private_jwk(), "alg": "ES256"}).encode(), "alg has to be ES384"),
        (json.dumps({"keys": [EC_KEY.private_jwk(), EC_KEY.private_jwk()]}).encode(), "same kid"),
        (
            pem(EC_KEY, seal=serialization.BestAvailableEncryption(b"password")),
            "without a password",
        ),
        (pem(EC_KEY)[:60], "no private key"),
        (b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "no private key"),
    ],
    # Keys are new in each process, and all processes of one run must name the tests alike.
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_unusable_keys_are_refused_with_the_reason(raw: bytes, words: str) -> None:
    with pytest.raises(KeyFileError, match=words) as caught:
        parse_keys(raw)
    assert str(EC_KEY.private_jwk()["d"]) not in str(caught.value)


# The library also warns, in a log that no administrator reads.
@pytest.mark.filterwarnings("ignore:Key size")
def test_a_short_rsa_key_is_refused() -> None:
    short = rsa.generate_private_key(65537, 1024)  # noqa: S505
    with pytest.raises(KeyFileError, match="2048 bits or more"):
        parse_keys(short.private_bytes(serialization.Encoding.PEM, FORMATS[0], PLAIN))
