//! Every code that reading a workflow can answer with, and what it means. The list is closed: a code never changes
//! its meaning, and one that is no longer used is not given to anything else.

macro_rules! codes {
    ($($name:ident = $code:literal, $meaning:literal;)*) => {
        $(#[doc = $meaning] pub const $name: &str = $code;)*

        /// Each code with its meaning, in the order of the stages: text, shape, references, manifests, proofs.
        pub const ALL: &[(&str, &str)] = &[$(($code, $meaning)),*];
    };
}

codes! {
    NOT_UTF8 = "workflow.not_utf8", "The file is not UTF-8.";
    UTF16 = "workflow.utf16", "The file is UTF-16 or UTF-32; workflows are UTF-8.";
    EMPTY = "workflow.empty", "The file holds no workflow.";
    TOO_LONG = "workflow.too_long", "The file is longer than 1 MiB.";
    SYNTAX = "workflow.syntax", "The text is not YAML; nothing after this place was read.";
    TOO_DEEP = "workflow.too_deep", "Lists and mappings are nested deeper than 32 levels.";
    TOO_MANY_VALUES = "workflow.too_many_values", "The file holds more than 20,000 values.";
    MANY_DOCUMENTS = "workflow.many_documents", "The file holds more than one document.";
    ANCHOR = "workflow.anchor", "A value has an anchor (`&name`).";
    ALIAS = "workflow.alias", "A value is an alias (`*name`).";
    TAG = "workflow.tag", "A value has a tag (`!name`).";
    MERGE_KEY = "workflow.merge_key", "A mapping takes keys from elsewhere (`<<`).";
    DUPLICATE_KEY = "workflow.duplicate_key", "A mapping names a key twice.";
    TOO_MANY_ERRORS = "workflow.too_many_errors", "The file has more errors than are shown.";

    API_VERSION = "workflow.api_version", "The file is of another language, or another version of it.";
    NOT_IN_THIS_VERSION = "workflow.not_in_this_version", "The language has this, but this version does not yet.";
    UNKNOWN_KEY = "workflow.unknown_key", "A mapping has a key that does not belong there.";
    MISSING_KEY = "workflow.missing_key", "A mapping lacks a key that must be given.";
    WRONG_TYPE = "workflow.wrong_type", "A value is of another type than its place takes.";
    UNKNOWN_WORD = "workflow.unknown_word", "A text is not one of the words that its place takes.";
    OUT_OF_RANGE = "workflow.out_of_range", "A number, a length or a duration is outside its bounds.";
    EMPTY_VALUE = "workflow.empty_value", "A text, list or mapping is empty where something must stand.";
    BAD_NAME = "workflow.bad_name", "A name has characters, or a form, that its place does not take.";
    BAD_PERSON = "workflow.bad_person", "A person is not named by an e-mail address.";
    BAD_CONTROL = "workflow.bad_control", "A control is not named as `framework:control`.";
    BAD_DURATION = "workflow.bad_duration", "A duration is not a number with one of the units ms, s, m, h, d, y.";
    BAD_INSTANT = "workflow.bad_instant", "An instant is neither RFC 3339 nor `+` and a duration.";
    BAD_FRACTION = "workflow.bad_fraction", "A fraction is not two whole numbers with the first one smaller.";
    BAD_INPUT = "workflow.bad_input", "An input's bounds contradict each other, or its default does not fit them.";
    MISSING_DEFAULT = "workflow.missing_default", "A run that `expiry` starts has nobody who gives this input.";
    NO_TRIGGER = "workflow.no_trigger", "Nothing ever starts the workflow.";
    STEP_KIND = "workflow.step_kind", "A step says no kind, or more than one.";
    DUPLICATE_STEP = "workflow.duplicate_step", "Two steps have one id.";
    IMPOSSIBLE_CLASS = "workflow.impossible_class", "A required class of characters is not in the alphabet.";
    PROFILE = "workflow.profile", "A certificate's profile does not take this key, or needs another one.";

    BAD_REFERENCE = "workflow.bad_reference", "A `${{ path }}` is not closed, or is no path.";
    REFERENCE_NOT_HERE = "workflow.reference_not_here", "A `${{ path }}` stands where only plain text may.";
    UNKNOWN_REFERENCE = "workflow.unknown_reference", "A `${{ path }}` refers to something that is not there.";
    LATER_STEP = "workflow.later_step", "A step refers to an output that is made only after it.";
    NOT_KNOWN_AT_PLAN = "workflow.not_known_at_plan", "A step's output stands where the plan must know the value.";
    TYPE_MISMATCH = "workflow.type_mismatch", "A `${{ path }}` has another type than its place takes.";
    SECRET_FLOW = "workflow.secret_flow", "A secret flows into a place that is not made for secrets.";
    LITERAL_SECRET = "workflow.literal_secret", "A secret stands in the file.";

    UNKNOWN_CONNECTOR = "workflow.unknown_connector", "Settings name no such connector.";
    UNKNOWN_KIND = "workflow.unknown_kind", "The connector knows no such kind of subject.";
    UNKNOWN_PLACE = "workflow.unknown_place", "Settings name no such place, or give it to another connector.";
    UNKNOWN_PROBE = "workflow.unknown_probe", "The connector has no such probe for the subject.";
    UNKNOWN_ATTRIBUTE = "workflow.unknown_attribute", "The kind has no such attribute, or the probe no such parameter.";
    NO_SUCH_PART = "workflow.no_such_part", "The connector cannot do this with the kind.";
    STRATEGY = "workflow.strategy", "The strategy does not fit the kind.";
    BAD_ISSUER = "workflow.bad_issuer", "The issuer cannot sign this certificate.";

    UNCOVERED_CHANGE = "workflow.uncovered_change", "No policy step for its action stands before a change.";
    IDLE_POLICY = "workflow.idle_policy", "A policy step judges no later change.";
    MISSING_EVIDENCE = "workflow.missing_evidence", "No evidence step stands after all changes.";
    NO_CHANGE = "workflow.no_change", "No step changes anything.";
    NO_LIFETIME = "workflow.no_lifetime", "`expiry` has nothing that ends.";
    DUPLICATE_NAME = "workflow.duplicate_name", "Two files of one folder hold workflows of one name.";
}
