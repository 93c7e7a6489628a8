//! Reads a control: a requirement of a framework that a workflow or a policy serves, as `framework:control`.
//!
//! The frameworks that everybody knows are known here, so that a slip in a name is told; one of the author's own begins with
//! `x-`. What is known of each: the controls of NIST SP 800-53 revision 5 by family and number (release 5.2.0; those that were
//! withdrawn count, and the number of an enhancement is taken as it is), the requirements of PCI DSS v4.0.1 to the last
//! number (without its appendices), the ten of OWASP's list of 2025.

use super::codes;
use super::errors::{Errors, Read};
use super::scalar::{self, shortened};
use super::suggest;
use super::tree::Node;

mod pci;

/// Characters of a control at most.
const LENGTH_MAX: usize = 128;

/// A framework that is known.
struct Framework {
    name: &'static str,
    /// Whether it has such a control.
    has: fn(&str) -> bool,
    /// The way out for one that it has not.
    help: fn(&str) -> String,
}

const FRAMEWORKS: [Framework; 3] = [
    Framework { name: "nist-800-53r5", has: is_nist, help: nist_help },
    Framework { name: "owasp-nhi-2025", has: is_owasp, help: owasp_help },
    Framework { name: "pci-dss-4.0.1", has: pci::has, help: pci::help },
];

/// The families of NIST SP 800-53 revision 5, and how many controls each has.
const FAMILIES: [(&str, u32); 20] = [
    ("ac", 25),
    ("at", 6),
    ("au", 16),
    ("ca", 9),
    ("cm", 14),
    ("cp", 13),
    ("ia", 13),
    ("ir", 9),
    ("ma", 7),
    ("mp", 8),
    ("pe", 23),
    ("pl", 11),
    ("pm", 32),
    ("ps", 9),
    ("pt", 8),
    ("ra", 10),
    ("sa", 24),
    ("sc", 51),
    ("si", 23),
    ("sr", 12),
];

/// What is wrong with the name of a control.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ControlFault {
    /// True when it is not `framework:control`, false when there is no such control.
    pub(crate) is_shape: bool,
    pub(crate) message: String,
    pub(crate) help: String,
}

/// Reads `nist-800-53r5:ia-5`.
pub(super) fn control(node: &Node, errors: &mut Errors<'_>) -> Read<String> {
    let text = scalar::text(node, errors)?;
    let Some(fault) = control_fault(text) else { return Ok(text.to_owned()) };
    let code = if fault.is_shape { codes::BAD_CONTROL } else { codes::UNKNOWN_CONTROL };
    Err(errors.tell(code, &node.span, fault.message, fault.help))
}

/// What is wrong with a control's name; `None` for one that is known, or of a framework of the author's own.
pub(crate) fn control_fault(text: &str) -> Option<ControlFault> {
    let is_part = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'(' | b')'))
    };
    let parts = text.split_once(':').filter(|(framework, id)| is_part(framework) && is_part(id));
    let Some((framework, id)) = parts.filter(|_| text.len() <= LENGTH_MAX) else {
        let message = format!("`{}` is not a control", shortened(text));
        let help = "write `framework:control`, such as `nist-800-53r5:ia-5`".to_owned();
        return Some(ControlFault { is_shape: true, message, help });
    };
    if framework.starts_with("x-") {
        return None;
    }
    let Some(known) = FRAMEWORKS.iter().find(|known| known.name == framework) else {
        let help = suggest::help(framework, FRAMEWORKS.iter().map(|known| known.name));
        let message = format!("no framework is named `{}`", shortened(framework));
        let help = format!("{help} (a framework of your own begins with `x-`)");
        return Some(ControlFault { is_shape: false, message, help });
    };
    let message = || format!("`{framework}` has no control `{}`", shortened(id));
    (!(known.has)(id)).then(|| ControlFault { is_shape: false, message: message(), help: (known.help)(id) })
}

/// `ia-5`, `ac-6(9)`.
fn is_nist(id: &str) -> bool {
    let (id, enhancement) = match id.split_once('(') {
        Some((id, rest)) => (id, rest.strip_suffix(')')),
        None => (id, Some("1")),
    };
    let Some((family, control)) = id.split_once('-') else { return false };
    enhancement.and_then(number).is_some() && number(control).is_some_and(|control| Some(control) <= most(family))
}

/// A whole number from 1 on, without zeros before it.
fn number(text: &str) -> Option<u32> {
    let is_plain = text.bytes().all(|b| b.is_ascii_digit()) && !text.starts_with('0');
    text.parse().ok().filter(|_| is_plain)
}

/// How many controls a family has.
fn most(family: &str) -> Option<u32> {
    FAMILIES.iter().find(|(name, _)| *name == family).map(|(_, most)| *most)
}

/// For `IA-5` and `ia5` as they are written here, else what the family has.
fn nist_help(id: &str) -> String {
    let lower = id.to_ascii_lowercase();
    let (family, rest) = lower.split_at_checked(2).unwrap_or_default();
    let near = format!("{family}-{}", rest.trim_start_matches(['-', '.', '_']));
    if is_nist(&near) {
        return format!("did you mean `nist-800-53r5:{near}`?");
    }
    match most(family).filter(|_| near.split_once('-').is_some_and(|(_, rest)| number(rest).is_some())) {
        Some(most) => format!("the family `{family}` has `{family}-1` to `{family}-{most}`"),
        None => "write it as in `nist-800-53r5:ia-5`".to_owned(),
    }
}

/// `nhi1` to `nhi10`.
fn is_owasp(id: &str) -> bool {
    id.strip_prefix("nhi").and_then(number).is_some_and(|number| number <= 10)
}

fn owasp_help(_: &str) -> String {
    "write one of `nhi1` to `nhi10`".to_owned()
}

#[cfg(test)]
mod tests;
