//! The issuer's key: opened for one signature, and wiped by the library that holds it.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair,
};
use countersign_contract::Material;
use rcgen::{PublicKeyData, SignatureAlgorithm, SigningKey};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject;
use zeroize::Zeroizing;

enum Pair {
    Ecdsa(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

/// A key that signs. WHY: rcgen's own key pair would keep a copy of the private key that nobody wipes.
pub(super) struct Signer {
    pair: Pair,
    public: Vec<u8>,
    algorithm: &'static SignatureAlgorithm,
}

impl Signer {
    /// Reads a PKCS#8 key (RFC 5958), as PEM or DER: P-256, P-384 or Ed25519.
    pub(super) fn open(key: &Material) -> Option<Self> {
        key.expose(|bytes| {
            if !bytes.starts_with(b"-----BEGIN") {
                return Self::of_der(bytes);
            }
            let der = PrivatePkcs8KeyDer::from_pem_slice(bytes).ok()?;
            let der = Zeroizing::new(der);
            Self::of_der(der.secret_pkcs8_der())
        })
    }

    fn of_der(der: &[u8]) -> Option<Self> {
        let curves = [
            (&ECDSA_P256_SHA256_ASN1_SIGNING, &rcgen::PKCS_ECDSA_P256_SHA256),
            (&ECDSA_P384_SHA384_ASN1_SIGNING, &rcgen::PKCS_ECDSA_P384_SHA384),
        ];
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
