//! Who makes the changes: an account of the directory itself, where the instance is given one.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use countersign_contract::{Digest, Hands, Refusal, RefusalClass, ResourceName, Timestamp, clock};
use serde_json::Value;

use super::refuse;
use crate::client::{Account, Directory};

/// The account that must have the presented key, and that key's SHA-256.
pub(crate) struct Operator {
    account: ResourceName,
    presented: Option<Digest>,
}

impl Operator {
    /// What the hands have in them for this account.
    pub(crate) fn of(account: &ResourceName, hands: &Hands) -> Self {
        let presented = hands.operator().map(|key| key.expose(Digest::of));
        Self { account: account.clone(), presented }
    }

    /// Refuses a change by whoever has no enabled key of the account, by one that may only read, and after its end.
    pub(super) fn admit(&self, directory: &Directory) -> Result<(), Refusal> {
        let no = |what: &str| {
            let message = format!("no change without a key of the operator `{}`: {what}", self.account);
            refuse(RefusalClass::PermissionDenied, "local.operator", message)
        };
        let Some(presented) = &self.presented else { return Err(no("none was presented")) };
        let account = match directory.load::<Account>(&self.account) {
            Ok(Some(object)) if object.exists => object.state,
            Ok(_) => return Err(no("there is no such account")),
            Err(_) => return Err(no("the account cannot be read")),
        };
        let mut is_known = false;
        for key in account.keys.iter().filter(|key| key.enabled) {
            is_known |= verify_slices_are_equal(key.verifier.as_bytes(), presented.as_bytes()).is_ok();
        }
        let text = |name: &str| account.attributes.get(name).and_then(Value::as_str).unwrap_or_default();
        if !is_known {
            return Err(no("the presented one is not in use"));
        }
        if text("level") == "read" {
            return Err(no("the account may only read"));
        }
        if text("expires").parse::<Timestamp>().map_or(true, |expires| expires <= clock::now()) {
            return Err(no("the account has ended"));
        }
        Ok(())
    }
}
