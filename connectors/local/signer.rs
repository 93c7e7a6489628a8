//! A private key: opened for one signature, and wiped by the library that holds it.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING,
    ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair,
};
use countersign_contract::Material;
use rcgen::{PublicKeyData, SignatureAlgorithm, SigningKey};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject;
use zeroize::Zeroizing;

/// How an ECDSA signature is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// As in certificates (RFC 3279 section 2.2.3).
    Asn1,
    /// As in tokens (RFC 7518 section 3.4).
    Fixed,
}

enum Pair {
    Ecdsa(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

/// A key that signs. WHY: rcgen's own key pair would keep a copy of the private key that nobody wipes.
pub(crate) struct Signer {
    pair: Pair,
    public: Vec<u8>,
    algorithm: &'static SignatureAlgorithm,
}

impl Signer {
    /// Reads a PKCS#8 key (RFC 5958), as PEM or DER: P-256, P-384 or Ed25519.
    pub(crate) fn open(key: &Material, form: Form) -> Option<Self> {
        key.expose(|bytes| {
            if !bytes.starts_with(b"-----BEGIN") {
                return Self::of_der(bytes, form);
            }
            let der = PrivatePkcs8KeyDer::from_pem_slice(bytes).ok()?;
            let der = Zeroizing::new(der);
            Self::of_der(der.secret_pkcs8_der(), form)
        })
    }

    fn of_der(der: &[u8], form: Form) -> Option<Self> {
        let [p256, p384] = match form {
            Form::Asn1 => [&ECDSA_P256_SHA256_ASN1_SIGNING, &ECDSA_P384_SHA384_ASN1_SIGNING],
            Form::Fixed => [&ECDSA_P256_SHA256_FIXED_SIGNING, &ECDSA_P384_SHA384_FIXED_SIGNING],
        };
        let curves = [(p256, &rcgen::PKCS_ECDSA_P256_SHA256), (p384, &rcgen::PKCS_ECDSA_P384_SHA384)];
        for (curve, algorithm) in curves {
            if let Ok(pair) = EcdsaKeyPair::from_pkcs8(curve, der) {
                let public = pair.public_key().as_ref().to_vec();
                return Some(Self { pair: Pair::Ecdsa(pair), public, algorithm });
            }
        }
        let pair = Ed25519KeyPair::from_pkcs8(der).or_else(|_| Ed25519KeyPair::from_pkcs8_maybe_unchecked(der)).ok()?;
        let public = pair.public_key().as_ref().to_vec();
        Some(Self { pair: Pair::Ed25519(pair), public, algorithm: &rcgen::PKCS_ED25519 })
    }
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
            Pair::Ecdsa(pair) => {
                let signature = pair.sign(&SystemRandom::new(), message);
                signature.map(|signature| signature.as_ref().to_vec()).map_err(|_| rcgen::Error::RemoteKeyError)
            }
            Pair::Ed25519(pair) => Ok(pair.sign(message).as_ref().to_vec()),
        }
    }
}
