//! The order of a delivered chain (beh:X10).

use countersign_warrant::Digest;

use super::certificate::CERTIFICATE;
use super::facts::CertificateFacts;
use super::fault::{Fault, Faults};
use super::read;

/// Compares the chain that will be delivered with the judged certificate: it comes first, each next one signed the
/// one before, and the root is left out, unless it is the certificate itself.
///
/// # Errors
/// Everything that is wrong with the order.
pub fn judge_chain(pem: &str, certificate: &CertificateFacts) -> Result<(), Vec<Fault>> {
    let ders = read::blocks(pem, CERTIFICATE)?;
    let chain = ders.iter().map(|der| read::certificate(der)).collect::<Result<Vec<_>, _>>()?;
    let mut faults = Faults::default();
    let leads = ders.first().is_some_and(|first| Digest::of(first) == certificate.sha256);
    faults.unless(leads, "x509.chain_first", "the chain does not begin with the certificate");
    for pair in chain.windows(2) {
        let signed = pair[0].issuer().as_raw() == pair[1].subject().as_raw()
            && pair[0].verify_signature(Some(pair[1].public_key())).is_ok();
        let message = format!("`{}` did not sign the one before it", pair[1].subject());
        faults.unless(signed, "x509.chain_order", message);
    }
    let roots = chain.iter().skip(1).any(|link| link.subject().as_raw() == link.issuer().as_raw());
    faults.unless(!roots, "x509.chain_root", "the chain holds a root, which whoever trusts it has");
    faults.or(())
}
