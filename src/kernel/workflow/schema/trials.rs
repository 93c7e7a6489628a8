//! The description of a file of tests of policies: every key with its meaning, in the order in which it is written.

use super::form::Form;
use super::language::{KEY_PAIRS, NAME, SOME_SPAN, may, must};
use crate::workflow::trial::{ACTIONS, ASKERS, LIVE_MAX, NAME_MAX, PROFILES, TRIGGERS, VERDICTS};

const INSTANT: Form = Form::Pattern("^[+-]?[0-9-]+[Tt ].+$", "2026-06-01T00:00:00Z");

/// A file of tests.
pub(in crate::workflow) fn trials() -> Form {
    Form::table(vec![
        must("apiVersion", "The version of the language.", Form::Exactly("countersign/v1")),
        must("kind", "What the file is.", Form::Exactly("PolicyTest")),
        may("given", "What is asked by all tests; each may say it otherwise.", ask()),
        must("tests", "The tests: what is asked, and what must be answered.", Form::list(test(), 0)),
    ])
}

fn test() -> Form {
    let by = "The `@id` of each policy that must decide, where that matters.";
    let shadow = "The answer with the policies in shadow in force; each of these needs a test that says it.";
    Form::table(vec![
        must("name", "What is tried, in words.", Form::Line { length_max: NAME_MAX }),
        may("ask", "What is asked, over what is given; what nobody says is at its plainest.", ask()),
        must("expect", "The answer that must be given.", words(&VERDICTS)),
        may("by", by, Form::list(Form::Text, 0)),
        may("shadow", shadow, words(&VERDICTS)),
    ])
}

fn ask() -> Form {
    let inputs = "The run's inputs, by name, as workflows declare them.";
    let certificate = "The certificate that is to be issued; for `issue`, and for a `rotate` by `reissue`.";
    Form::table(vec![
        may("action", "What is to be done.", words(&ACTIONS)),
        may("subject", "On which subject.", subject()),
        may("by", "Who asks; a person, when it is not said.", words(&ASKERS)),
        may("verb", "The connector's verb, such as `key_stage`; for policies that tell verbs apart.", Form::Text),
        may("trigger", "Why the run starts; a request, when it is not said.", words(&TRIGGERS)),
        may("now", "The time of the question; the first day of 2026, when it is not said.", INSTANT),
        may("inputs", inputs, Form::names(Form::Value, 0)),
        may("facts", "What was observed of the subject; nothing, when it is not said.", facts()),
        may("certificate", certificate, self::certificate()),
    ])
}

fn subject() -> Form {
    let value = Form::Any(vec![Form::Value, Form::list(Form::Text, 0)]);
    let attributes = "The subject's attributes, as the manifest types them; required ones that are not said are at their \
                      plainest.";
    Form::table(vec![
        may("connector", "A connector instance that settings name.", Form::Text),
        may("kind", "A kind of subject that the connector has, such as `account`.", Form::Text),
        may("tier", "How much hangs on it; `standard`, when it is not said.", NAME),
        may("team", "The team that owns the workflow.", NAME),
        may("attributes", attributes, Form::names(value, 0)),
    ])
}

fn facts() -> Form {
    let oldest = "When the oldest version that works was made.";
    Form::table(vec![
        may("exists", "Whether it is there.", Form::Boolean),
        may("live_versions", "How many versions of its secret work.", Form::Integer { min: 0, max: LIVE_MAX.into() }),
        may("oldest_created_at", oldest, INSTANT),
        may("expires_at", "When the version in use counts as expired.", INSTANT),
    ])
}

fn certificate() -> Form {
    Form::table(vec![
        must("profile", "What the certificate is for.", words(&PROFILES)),
        must("lifetime", "How long it is valid.", SOME_SPAN),
        may("names", "DNS names and IP addresses.", Form::list(Form::Text, 0)),
        may("key", "The algorithm of the key pair; `p256`, when it is not said.", Form::Words(KEY_PAIRS.into())),
        may("issuer", "Whose key signs, such as `local/ca/issuing`; a root has none.", Form::Text),
    ])
}

fn words<T>(words: &[(&'static str, T)]) -> Form {
    Form::Words(words.iter().map(|(word, _)| *word).collect())
}
