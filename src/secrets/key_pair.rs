//! Key pairs and the certificate requests that show their public half.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm,
    Ed25519KeyPair, KeyPair as _,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use countersign_contract::Material;
use rcgen::{CertificateParams, DistinguishedName, DnType, PublicKeyData, SignatureAlgorithm, SigningKey};
use zeroize::Zeroizing;

/// The algorithm of a key pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// ECDSA over P-256.
    P256,
    /// ECDSA over P-384.
    P384,
    /// Ed25519.
    Ed25519,
}

/// The key pair, or its request, could not be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the key pair could not be made")]
pub struct KeyPairError;

/// A new key pair.
pub(super) struct Made {
    /// The private key: PKCS #8 (RFC 5958) as PEM (RFC 7468), which is what its consumers read.
    pub(super) private: Material,
    /// The certificate request: PKCS #10 (RFC 2986) as PEM, signed by the key. It asks for no name but the common name,
    /// where one was given, and for no extension: what the certificate says is the plan's to say.
    pub(super) request: String,
}

/// Makes a key pair, and its request.
pub(super) fn make(algorithm: Algorithm, common_name: Option<&str>) -> Result<Made, KeyPairError> {
    let random = SystemRandom::new();
    let (document, signer) = match algorithm {
        Algorithm::P256 => ecdsa(&ECDSA_P256_SHA256_ASN1_SIGNING, &rcgen::PKCS_ECDSA_P256_SHA256, &random)?,
        Algorithm::P384 => ecdsa(&ECDSA_P384_SHA384_ASN1_SIGNING, &rcgen::PKCS_ECDSA_P384_SHA384, &random)?,
        Algorithm::Ed25519 => {
            // WHY: version 1 of the document, for OpenSSL before 3.0 does not read version 2.
            let document = Ed25519KeyPair::generate_pkcs8v1(&random).map_err(|_| KeyPairError)?;
            let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(document.as_ref()).map_err(|_| KeyPairError)?;
            let public = pair.public_key().as_ref().to_vec();
            (document, Signer { pair: Pair::Ed25519(pair), public, algorithm: &rcgen::PKCS_ED25519 })
        }
    };
    let private = pem(document.as_ref())?;
    let mut asked = CertificateParams::default();
    asked.distinguished_name = DistinguishedName::new();
    if let Some(name) = common_name {
        asked.distinguished_name.push(DnType::CommonName, name);
    }
    let request = asked.serialize_request(&signer).and_then(|request| request.pem()).map_err(|_| KeyPairError)?;
    Ok(Made { private, request })
}

type Document = aws_lc_rs::pkcs8::Document;

const HEAD: &[u8] = b"-----BEGIN PRIVATE KEY-----\n";
const FOOT: &[u8] = b"-----END PRIVATE KEY-----\n";
/// How many characters a line of PEM has.
const LINE: usize = 64;

/// PKCS #8 as PEM. Every buffer on the way wipes itself, and the last has its exact capacity.
fn pem(der: &[u8]) -> Result<Material, KeyPairError> {
    let length = der.len().div_ceil(3) * 4;
    let mut digits = Zeroizing::new(vec![0; length]);
    BASE64.encode_slice(der, &mut digits).map_err(|_| KeyPairError)?;
    let lines = length.div_ceil(LINE);
    let mut text = Vec::with_capacity(HEAD.len() + length + lines + FOOT.len());
    text.extend_from_slice(HEAD);
    for line in digits.chunks(LINE) {
        text.extend_from_slice(line);
        text.push(b'\n');
    }
    text.extend_from_slice(FOOT);
    Ok(Material::new(text))
}

fn ecdsa(
    curve: &'static EcdsaSigningAlgorithm,
    algorithm: &'static SignatureAlgorithm,
    random: &SystemRandom,
) -> Result<(Document, Signer), KeyPairError> {
    let document = EcdsaKeyPair::generate_pkcs8(curve, random).map_err(|_| KeyPairError)?;
    let pair = EcdsaKeyPair::from_pkcs8(curve, document.as_ref()).map_err(|_| KeyPairError)?;
    let public = pair.public_key().as_ref().to_vec();
    Ok((document, Signer { pair: Pair::Ecdsa(pair), public, algorithm }))
}

enum Pair {
    Ecdsa(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

/// Signs the request. rcgen's own key pair would keep a copy of the private key that nobody wipes.
struct Signer {
    pair: Pair,
    public: Vec<u8>,
    algorithm: &'static SignatureAlgorithm,
}

impl PublicKeyData for Signer {
    fn der_bytes(&self) -> &[u8] {
        &self.public
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        self.algorithm
    }
}

impl SigningKey for Signer {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        match &self.pair {
            Pair::Ecdsa(pair) => pair
                .sign(&SystemRandom::new(), message)
                .map(|signature| signature.as_ref().to_vec())
                .map_err(|_| rcgen::Error::RemoteKeyError),
            Pair::Ed25519(pair) => Ok(pair.sign(message).as_ref().to_vec()),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use rcgen::{CertificateSigningRequestParams, KeyPair};

    use super::*;

    #[test]
    fn a_request_is_signed_by_the_private_key_and_names_nobody() {
        for algorithm in [Algorithm::P256, Algorithm::P384, Algorithm::Ed25519] {
            let made = make(algorithm, None).unwrap();
            // `from_pem` checks the request's signature.
            let request = CertificateSigningRequestParams::from_pem(&made.request).unwrap();
            let private = made.private.expose(|pem| KeyPair::from_pem(std::str::from_utf8(pem).unwrap()).unwrap());
            assert_eq!(request.public_key.der_bytes(), private.der_bytes(), "{algorithm:?}");
            assert_eq!(request.params.distinguished_name.iter().count(), 0);
            assert!(request.params.subject_alt_names.is_empty());
        }
    }

    #[test]
    fn a_request_has_the_given_common_name_and_each_key_is_new() {
        let made = make(Algorithm::P256, Some("Example root")).unwrap();
        let request = CertificateSigningRequestParams::from_pem(&made.request).unwrap();
        let names: Vec<_> = request.params.distinguished_name.iter().collect();
        assert_eq!(names, [(&DnType::CommonName, &"Example root".into())]);
        let other = make(Algorithm::P256, Some("Example root")).unwrap();
        assert!(made.private.expose(|one| other.private.expose(|other| one != other)));
    }
}
