//! Reads a control: a requirement of a framework that the workflow serves, as `framework:control`.
//!
//! The frameworks that everybody knows are known here, so that a slip in a name is told; one of the author's own begins with
//! `x-`.

use super::codes;
use super::errors::{Errors, Read};
use super::scalar::{self, shortened};
use super::suggest;
use super::tree::Node;

/// A framework's name, whether it has such a control, and one of its controls.
type Framework = (&'static str, fn(&str) -> bool, &'static str);

/// The frameworks, and what their controls look like.
const FRAMEWORKS: [Framework; 3] = [
    ("nist-800-53r5", is_nist, "nist-800-53r5:ia-5"),
    ("owasp-nhi-2025", is_owasp, "owasp-nhi-2025:nhi7"),
    ("pci-dss-4.0.1", is_pci, "pci-dss-4.0.1:8.6.3"),
];

/// The families of NIST SP 800-53 revision 5, and how many controls each has.
const FAMILIES: [(&str, u32); 20] = [
    ("ac", 25),
    ("at", 6),
    ("au", 16),
    ("ca", 9),
    ("cm", 14),
    ("cp", 13),
    ("ia", 12),
    ("ir", 9),
    ("ma", 7),
    ("mp", 8),
    ("pe", 23),
    ("pl", 11),
    ("pm", 32),
    ("ps", 9),
    ("pt", 8),
    ("ra", 10),
    ("sa", 23),
    ("sc", 51),
    ("si", 23),
    ("sr", 12),
];

/// Reads `nist-800-53r5:ia-5`.
pub(super) fn control(node: &Node, errors: &mut Errors<'_>) -> Read<String> {
    let text = scalar::text(node, errors)?;
    let is_part = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'(' | b')'))
    };
    let parts = text.split_once(':').filter(|(framework, id)| text.len() <= 128 && is_part(framework) && is_part(id));
    let Some((framework, id)) = parts else {
        let message = format!("`{}` is not a control", shortened(text));
        let help = "write `framework:control`, such as `nist-800-53r5:ia-5`";
        return Err(errors.tell(codes::BAD_CONTROL, &node.span, message, help));
    };
    if framework.starts_with("x-") {
        return Ok(text.to_owned());
    }
    let Some((_, is_known, such_as)) = FRAMEWORKS.iter().find(|(name, ..)| *name == framework) else {
        let help = suggest::help(framework, FRAMEWORKS.iter().map(|(name, ..)| *name));
        let message = format!("no framework is named `{}`", shortened(framework));
        let help = format!("{help}; a framework of your own begins with `x-`");
        return Err(errors.tell(codes::UNKNOWN_CONTROL, &node.span, message, help));
    };
    if is_known(id) {
        return Ok(text.to_owned());
    }
    let message = format!("`{framework}` has no control `{}`", shortened(id));
    let near = near_nist(id).filter(|_| framework == "nist-800-53r5");
    let help = near.map_or_else(|| format!("write it as in `{such_as}`"), |near| format!("did you mean `{near}`?"));
    Err(errors.tell(codes::UNKNOWN_CONTROL, &node.span, message, help))
}

/// `ia-5`, `ac-6(9)`.
fn is_nist(id: &str) -> bool {
    let (id, enhancement) = match id.split_once('(') {
        Some((id, rest)) => (id, rest.strip_suffix(')')),
        None => (id, Some("1")),
    };
    let number = |text: &str| text.parse::<u32>().ok().filter(|number| *number > 0 && !text.starts_with('0'));
    let Some((family, control)) = id.split_once('-') else { return false };
    let most = FAMILIES.iter().find(|(name, _)| *name == family).map(|(_, most)| *most);
    enhancement.is_some_and(|text| number(text).is_some()) && number(control) <= most && number(control).is_some()
}

/// `IA-5` and `ia5`, as they are written here.
fn near_nist(id: &str) -> Option<String> {
    let lower = id.to_ascii_lowercase();
    let (family, rest) = lower.split_at_checked(2)?;
    let near = format!("{family}-{}", rest.trim_start_matches(['-', '.', '_']));
    is_nist(&near).then(|| format!("nist-800-53r5:{near}"))
}

/// `nhi1` to `nhi10`.
fn is_owasp(id: &str) -> bool {
    let number = id.strip_prefix("nhi").filter(|number| !number.starts_with('0'));
    number.and_then(|number| number.parse::<u32>().ok()).is_some_and(|number| (1..=10).contains(&number))
}

/// `8.6.3`: a requirement of the twelve, with up to three numbers below it.
fn is_pci(id: &str) -> bool {
    let numbers: Option<Vec<u32>> = id.split('.').map(|part| part.parse().ok().filter(|number| *number > 0)).collect();
    numbers.is_some_and(|numbers| numbers.len() <= 4 && numbers.first().is_some_and(|first| *first <= 12))
}
