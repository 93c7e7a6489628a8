//! Reads tests of policies (`*.test.yaml`): the same strict text as workflows, and the same errors.

use std::collections::BTreeMap;
use std::ops::Range;

use countersign_warrant::Verdict;

use super::errors::{Errors, Read};
use super::table::{Table, each, items};
use super::tree::Node;
use super::{Known, header, scalar, text, tree};
use crate::diagnostic::Diagnostic;
use crate::policy::trial::Trial;

mod ask;
mod question;

pub(super) use ask::{ACTIONS, ASKERS, LIVE_MAX, PROFILES, TRIGGERS};

use ask::{Ask, ask};
use question::question;

pub(super) const VERDICTS: [(&str, Verdict); 2] = [("allow", Verdict::Allow), ("deny", Verdict::Deny)];

/// Characters of a test's name at most.
pub(super) const NAME_MAX: usize = 200;

/// What a list of tests looks like.
const TESTS: &str = "[{name: .., ask: {..}, expect: allow}]";

/// Reads one file of tests. `file` is what the errors call it.
///
/// # Errors
/// Every error of the file, in the order of its text.
pub fn parse_trials(file: &str, bytes: &[u8], known: &Known<'_>) -> Result<Vec<Trial>, Vec<Diagnostic>> {
    let text = text::text_of(file, bytes).map_err(|found| vec![*found])?;
    let mut errors = Errors::new(file, text);
    let read = tree::tree_of(&mut errors).and_then(|root| trials(file, &root, known, &mut errors));
    let found = errors.into_diagnostics();
    match read {
        Ok(trials) if found.is_empty() => Ok(trials),
        Ok(_) | Err(_) => Err(found),
    }
}

fn trials(file: &str, root: &Node, known: &Known<'_>, errors: &mut Errors<'_>) -> Read<Vec<Trial>> {
    let mut table = Table::of(root, "apiVersion: countersign/v1", errors)?;
    let version = header::version_of(&mut table, "PolicyTest", errors);
    let given = table.take("given").map_or(Ok(Ask::default()), |node| ask(node, &Ask::default(), true, known, errors));
    let tests = table.need("tests", TESTS, errors).and_then(|node| {
        let tests = items(node, TESTS, errors)?;
        each(tests, |test| trial(file, test, &given, known, errors))
    });
    table.done(&[], errors)?;
    version?;
    given?;
    tests
}

/// One test. Where what is given to all could not be read, only what it says itself is looked at.
fn trial<'n>(
    file: &str,
    node: &'n Node,
    given: &Read<Ask<'n>>,
    known: &Known<'n>,
    errors: &mut Errors<'_>,
) -> Read<Trial> {
    let mut table = Table::of(node, "{name: .., ask: {..}, expect: allow}", errors)?;
    let name = table.need("name", "a reader may be provisioned", errors);
    let name = name.and_then(|node| scalar::line(node, NAME_MAX, errors).map(str::to_owned));
    let expect = table
        .need("expect", "deny", errors)
        .and_then(|node| scalar::word(node, &VERDICTS, &["needs approval"], errors));
    let shadow = table.take("shadow").map(|node| scalar::word(node, &VERDICTS, &[], errors));
    let by = table.take("by").map(|node| {
        each(items(node, "[least-privilege-level]", errors)?, |item| {
            Ok((scalar::text(item, errors)?.to_owned(), item.span.clone()))
        })
    });
    let over = given.clone().unwrap_or_default();
    let asked =
        table.take("ask").map_or_else(|| Ok(over.clone()), |node| self::ask::ask(node, &over, false, known, errors));
    table.done(&[], errors)?;
    let question = match (given, &asked) {
        (Ok(_), Ok(asked)) => question(node, asked, errors),
        (Err(told), _) | (_, Err(told)) => Err(*told),
    };
    let line = errors.text().get(..node.span.start).unwrap_or_default().matches('\n').count() + 1;
    let by: Option<BTreeMap<String, Range<usize>>> = by.transpose()?.map(|ids| ids.into_iter().collect());
    let inputs = asked?.inputs.into_iter().map(|(name, (_, at))| (name, at)).collect();
    Ok(Trial {
        name: name?,
        place: (file.to_owned(), line),
        question: question?,
        expect: expect?,
        by,
        shadow: shadow.transpose()?,
        inputs_at: inputs,
    })
}
