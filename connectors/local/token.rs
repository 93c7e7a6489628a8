//! The tokens of an embedded token issuer: JSON Web Tokens (RFC 7519) that one of its keys signed, and the JSON Web Keys
//! (RFC 7517) that verify them.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519, UnparsedPublicKey, VerificationAlgorithm,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use countersign_contract::{Digest, Material, ResourceName, Timestamp};
use rcgen::{PublicKeyData, SigningKey as _};
use serde_json::{Value, json};

use crate::signer::{Form, Signer};

/// How long a token lives that a probe shows, in seconds.
const PROBE_SECS: i64 = 60;

/// The uncompressed form of a point (SEC 1 section 2.3.3).
const UNCOMPRESSED: u8 = 4;

/// A key as it is published, with its thumbprint (RFC 7638) as `kid`. None for a kind of key that is not published.
pub(crate) fn jwk(key: &impl PublicKeyData) -> Option<Value> {
    let bytes = key.der_bytes();
    let (alg, mut jwk) = if key.algorithm() == &rcgen::PKCS_ED25519 {
        ("EdDSA", json!({"crv": "Ed25519", "kty": "OKP", "x": BASE64URL.encode(bytes)}))
    } else {
        let (alg, curve) = match key.algorithm() {
            one if one == &rcgen::PKCS_ECDSA_P256_SHA256 => ("ES256", "P-256"),
            one if one == &rcgen::PKCS_ECDSA_P384_SHA384 => ("ES384", "P-384"),
            _ => return None,
        };
        let point = bytes.strip_prefix(&[UNCOMPRESSED])?;
        let (x, y) = point.split_at_checked(point.len() / 2)?;
        (alg, json!({"crv": curve, "kty": "EC", "x": BASE64URL.encode(x), "y": BASE64URL.encode(y)}))
    };
    // WHY: at this point these are the members that a thumbprint is made of, in their order and without a space.
    let thumbprint = Digest::of(jwk.to_string().as_bytes());
    let more = [("alg", json!(alg)), ("kid", json!(BASE64URL.encode(thumbprint.as_bytes()))), ("use", json!("sig"))];
    jwk.as_object_mut()?.extend(more.map(|(name, value)| (name.to_owned(), value)));
    Some(jwk)
}

/// A token of that issuer, signed with the key (PKCS #8): for a probe, so that it ends after a minute.
pub(crate) fn sign(key: &Material, issuer: &ResourceName, now: Timestamp) -> Option<String> {
    let signer = Signer::open(key, Form::Fixed)?;
    let jwk = jwk(&signer)?;
    let header = json!({"alg": jwk.get("alg")?, "kid": jwk.get("kid")?, "typ": "JWT"});
    let claims = json!({"exp": seconds(now).saturating_add(PROBE_SECS), "iss": issuer});
    let part = |value: &Value| BASE64URL.encode(value.to_string());
    let input = format!("{}.{}", part(&header), part(&claims));
    let signature = signer.sign(input.as_bytes()).ok()?;
    Some(format!("{input}.{}", BASE64URL.encode(signature)))
}

/// Whether one of the keys signed the token, which is of that issuer and not over.
pub(crate) fn is_valid<'a>(
    token: &[u8],
    mut keys: impl Iterator<Item = &'a Value>,
    issuer: &ResourceName,
    now: Timestamp,
) -> bool {
    let mut check = || -> Option<bool> {
        let token = std::str::from_utf8(token).ok()?;
        let (input, signature) = token.rsplit_once('.')?;
        let (header, claims) = input.split_once('.')?;
        let open = |part: &str| -> Option<Value> { serde_json::from_slice(&BASE64URL.decode(part).ok()?).ok() };
        let (header, claims) = (open(header)?, open(claims)?);
        // WHY: the key says which algorithm it is for; the token must agree, and cannot choose (RFC 8725 section 3.1).
        let key = keys.find(|key| key.get("kid") == header.get("kid") && key.get("alg") == header.get("alg"))?;
        let is_signed = verifies(key, input.as_bytes(), &BASE64URL.decode(signature).ok()?)?;
        let is_of_issuer = claims.get("iss").and_then(Value::as_str) == Some(issuer.as_str());
        Some(is_signed && is_of_issuer && claims.get("exp").and_then(Value::as_i64)? > seconds(now))
    };
    check().unwrap_or(false)
}

fn verifies(key: &Value, input: &[u8], signature: &[u8]) -> Option<bool> {
    let number = |name: &str| BASE64URL.decode(key.get(name)?.as_str()?).ok();
    let (algorithm, public): (&dyn VerificationAlgorithm, Vec<u8>) = match key.get("alg")?.as_str()? {
        "EdDSA" => (&ED25519, number("x")?),
        "ES256" => (&ECDSA_P256_SHA256_FIXED, [vec![UNCOMPRESSED], number("x")?, number("y")?].concat()),
        "ES384" => (&ECDSA_P384_SHA384_FIXED, [vec![UNCOMPRESSED], number("x")?, number("y")?].concat()),
        _ => return None,
    };
    Some(UnparsedPublicKey::new(algorithm, public).verify(input, signature).is_ok())
}

const fn seconds(at: Timestamp) -> i64 {
    at.micros() / 1_000_000
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use rcgen::KeyPair;

    use super::*;

    const NOW: &str = "2026-01-01T00:00:00Z";

    fn after(seconds: i64) -> Timestamp {
        let now: Timestamp = NOW.parse().unwrap();
        Timestamp::from_micros(now.micros() + seconds * 1_000_000)
    }

    /// RFC 8037 appendix A.3: the thumbprint of the key of appendix A.1.
    #[test]
    fn a_thumbprint_is_that_of_the_standard() {
        struct Known([u8; 32]);
        impl PublicKeyData for Known {
            fn der_bytes(&self) -> &[u8] {
                &self.0
            }
            fn algorithm(&self) -> &'static rcgen::SignatureAlgorithm {
                &rcgen::PKCS_ED25519
            }
        }
        let x = BASE64URL.decode("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo").unwrap();
        let jwk = jwk(&Known(x.try_into().unwrap())).unwrap();
        assert_eq!(jwk["kid"], "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    }

    #[test]
    fn a_token_is_valid_for_its_key_its_issuer_and_its_time_alone() {
        let issuer: ResourceName = "local/jwks/sessions".parse().unwrap();
        for algorithm in [&rcgen::PKCS_ECDSA_P256_SHA256, &rcgen::PKCS_ECDSA_P384_SHA384, &rcgen::PKCS_ED25519] {
            let pair = KeyPair::generate_for(algorithm).unwrap();
            let keys = [jwk(&pair).unwrap()];
            let other = [jwk(&KeyPair::generate_for(algorithm).unwrap()).unwrap()];
            let token = sign(&Material::new(pair.serialize_der()), &issuer, after(0)).unwrap();
            let is_valid = |keys: &[Value], issuer: &ResourceName, at: Timestamp, token: &str| {
                is_valid(token.as_bytes(), keys.iter(), issuer, at)
            };
            assert!(is_valid(&keys, &issuer, after(59), &token));
            assert!(!is_valid(&keys, &issuer, after(60), &token), "it is over");
            assert!(!is_valid(&other, &issuer, after(0), &token), "another key");
            assert!(!is_valid(&[], &issuer, after(0), &token), "no key");
            assert!(!is_valid(&keys, &"local/jwks/other".parse().unwrap(), after(0), &token), "another issuer");
            let [header, claims, signature]: [&str; 3] = token.split('.').collect::<Vec<_>>().try_into().unwrap();
            let none = BASE64URL.encode(json!({"alg": "none", "kid": keys[0]["kid"]}).to_string());
            let longer = BASE64URL.encode(json!({"exp": i64::MAX, "iss": issuer}).to_string());
            for forged in [
                format!("{none}.{claims}."),
                format!("{none}.{claims}.{signature}"),
                format!("{header}.{longer}.{signature}"),
                format!("{header}.{claims}"),
                String::new(),
            ] {
                assert!(!is_valid(&keys, &issuer, after(0), &forged), "{forged}");
            }
            // A published key under which another one's signature stands: the same `kid` is not enough.
            let mut claimed = other[0].clone();
            claimed["kid"] = keys[0]["kid"].clone();
            assert!(!is_valid(&[claimed], &issuer, after(0), &token));
        }
    }
}
