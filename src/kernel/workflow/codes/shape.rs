//! Codes of the shape: keys, words and values.

use super::{Example, ISSUE, PROVISION, Page, ROTATE};

codes! {
    API_VERSION = "workflow.api_version", "The file is of another language, or another version of it.",
        why "The first two lines say how all others are read. Only `apiVersion: countersign/v1` with `kind: Workflow` is \
             known here.",
        Example::change(ROTATE, "apiVersion: countersign/v1", "apiVersion: countersign/v2");
    NOT_IN_THIS_VERSION = "workflow.not_in_this_version", "The language has this, but this version does not yet.",
        why "What would be ignored is refused: nobody waits for an approval or a window that is never looked at. Leave it \
             out, or use a version of countersign that has it.",
        Example::change(ROTATE, "  - id: rotate\n", "  - id: consent\n    approval: {quorum: 2}\n  - id: rotate\n");
    UNKNOWN_KEY = "workflow.unknown_key", "A mapping has a key that does not belong there.",
        why "A misspelt key would be a check or a limit that silently is not there. The help names the key that was \
             probably meant, or all that can stand there.",
        Example::change(ROTATE, "soak: 24h", "soke: 24h");
    MISSING_KEY = "workflow.missing_key", "A mapping lacks a key that must be given.",
        why "Whatever decides how a credential changes is said, not assumed.",
        Example::change(ROTATE, "\n      soak: 24h\n", "\n");
    WRONG_TYPE = "workflow.wrong_type", "A value is of another type than its place takes.",
        why "Durations have a unit, lists have brackets or dashes, and text that looks like a number or like true and \
             false needs quotes.",
        Example::change(ROTATE, "soak: 24h", "soak: 24");
    UNKNOWN_WORD = "workflow.unknown_word", "A text is not one of the words that its place takes.",
        why "The place takes a few words, and the help names the one that was probably meant, or all of them.",
        Example::change(ROTATE, "alphabet: url_safe", "alphabet: url_save");
    OUT_OF_RANGE = "workflow.out_of_range", "A number, a length or a duration is outside its bounds.",
        why "The bounds are what targets take, what is still safe, and what a person can read. The help names them.",
        Example::change(ROTATE, "length: 43", "length: 7");
    EMPTY_VALUE = "workflow.empty_value", "A text, list or mapping is empty where something must stand.",
        why "An empty value mostly is one that was forgotten. Write something, or leave the key out where it may be.",
        Example::change(PROVISION, "fields: {key: \"${{ steps.account.key }}\"}", "fields: {}");
    BAD_NAME = "workflow.bad_name", "A name has characters, or a form, that its place does not take.",
        why "Names become parts of resource names, of paths and of ledger entries: letters, digits, `-` and `_`, in a \
             resource also `.`, and never a way out of a folder.",
        Example::change(ROTATE, "name: rotate-payments-key", "name: rotate payments key");
    BAD_PERSON = "workflow.bad_person", "A person is not named by an e-mail address.",
        why "Somebody answers for each workflow, and can be reached when it is stuck. Name one person by an address.",
        Example::change(ROTATE, "person: dana@example.com", "person: dana");
    BAD_CONTROL = "workflow.bad_control", "A control is not named as `framework:control`.",
        why "Evidence is counted by framework and control, so that both are named: `nist-800-53r5:ia-5`.",
        Example::change(ROTATE, "\"nist-800-53r5:ia-5\"", "ia-5");
    BAD_DURATION = "workflow.bad_duration", "A duration is not a number with one of the units ms, s, m, h, d, y.",
        why "One whole number and one unit cannot be misread. A day has 24 hours, a year 365 days.",
        Example::change(ROTATE, "soak: 24h", "soak: 1 day");
    BAD_INSTANT = "workflow.bad_instant", "An instant is neither RFC 3339 nor `+` and a duration.",
        why "An instant is exact, with its offset from UTC, or counts from the plan: `2027-03-01T00:00:00Z` or `+90d`.",
        Example::change(PROVISION, "expires: +90d", "expires: next March");
    BAD_FRACTION = "workflow.bad_fraction", "A fraction is not two whole numbers up to 1000 with the first one smaller.",
        why "The fraction is the part of its lifetime after which a version is replaced. It must leave time for the \
             replacement, so that it is below one.",
        Example::change(ROTATE, "at: 2/3", "at: 3/3");
    KEY_NOT_HERE = "workflow.key_not_here", "A step has a key that its kind has no use for.",
        why "`retry` is for the calls of changes, `with` for the verb that a step `uses`, and evidence is bound for as long as \
             it takes. Take the key out.",
        Example::change(ROTATE, "  - id: gate\n", "  - id: gate\n    retry: {times: 3, wait: 30s}\n");
    BAD_CONDITION = "workflow.bad_condition", "A `when` is no condition that could be asked.",
        why "A condition is one expression of Cedar, checked against what is known when a run is planned: `resource` (the \
             subject), `context.inputs`, `context.length_of`, `context.trigger` and `context.facts` (`exists`, \
             `live_versions`, `oldest_created_at`, `expires_at`). Attributes of the subject may not be there: ask \
             `resource has owner` first.",
        Example::change(
            ROTATE,
            "  - id: gate\n",
            "  - id: pause\n    when: resource.teir == \"critical\"\n    wait: {for: 1m}\n  - id: gate\n"
        );
    IMPOSSIBLE_CONDITION = "workflow.impossible_condition", "A `when`, or a `where`, can never hold.",
        why "The step would be there to be read, and never run; or a value is compared with a word that it never is in \
             this workflow: another kind than its subject's, another connector, a trigger that does not start it. Correct \
             the condition, or take it out.",
        Example::change(
            ROTATE,
            "  - id: gate\n",
            "  - id: pause\n    when: \"false\"\n    wait: {for: 1m}\n  - id: gate\n"
        );
    BAD_CRON = "workflow.bad_cron", "A cron text cannot be read, or could never fire.",
        why "Five fields: minute, hour, day of month, month, weekday; or six, with the second first. Weekdays are `MON` to \
             `SUN` or 0 to 7, of which 0 and 7 are Sunday. Where both days are restricted, either is enough. What \
             programs read differently is not taken: `L`, `W`, `#`, `?`, `5/15`, a range that goes downwards.",
        Example::change(ROTATE, "  expiry: {at: 2/3}\n", "  schedule: {cron: \"0 9 * * L\", timezone: UTC}\n  expiry: {at: 2/3}\n");
    BAD_ZONE = "workflow.bad_zone", "A time zone is not in the IANA database.",
        why "The hour of a schedule is that of a place, whose clocks go forward and back: `Europe/Berlin`. `UTC` never \
             does. Short names such as `CET` or `PST` mean different things in different places.",
        Example::change(
            ROTATE,
            "  expiry: {at: 2/3}\n",
            "  schedule: {cron: \"0 9 * * THU\", timezone: Europe/Belrin}\n  expiry: {at: 2/3}\n"
        );
    BAD_WINDOW = "workflow.bad_window", "A window or a freeze cannot be read.",
        why "A window is days, times and a zone: `SAT-SUN 00:00-06:00 Europe/Berlin`; its second time may be on the next \
             day. A freeze is a first and a last day, with years or for each year: `12-20..01-04 Europe/Berlin`.",
        Example::change(ROTATE, "steps:\n", "windows: {allow: [\"SAT-SUN 0-6 Europe/Berlin\"]}\nsteps:\n");
    UNKNOWN_FREEZE = "workflow.unknown_freeze", "`freeze` names days that settings do not name.",
        why "A name in `freeze` stands for the days that `[freezes.NAME]` in the settings says; they are read when the file \
             is, and stand in the plan.",
        Example::change(ROTATE, "steps:\n", "windows: {freeze: [yaer-end]}\nsteps:\n");
    UNKNOWN_WEBHOOK = "workflow.unknown_webhook", "`notify` names somebody whom settings do not name.",
        why "Workflows name webhooks, and settings say where they are: `[webhooks.NAME]` with its `url`.",
        Example::change(ROTATE, "  - id: seal\n", "  - {id: tell, notify: {to: nobody, text: done}}\n  - id: seal\n");
    BAD_INPUT = "workflow.bad_input", "An input's bounds contradict each other, or its default does not fit them.",
        why "No request could ever give a value that is taken, or the default would be refused as soon as it is used.",
        Example::change(ROTATE, "default: scheduled rotation", "default: soon");
    MISSING_DEFAULT = "workflow.missing_default", "A run that starts by itself has nobody who gives this input.",
        why "A run that starts by itself asks nobody. Give the input a default, or leave the workflow to requests.",
        Example::change(ROTATE, "ticket: {type: integer, min: 1, default: 1}", "ticket: {type: integer, min: 1}");
    NO_TRIGGER = "workflow.no_trigger", "Nothing ever starts the workflow.",
        why "A workflow runs on request, by a schedule, by expiry, or by several of them. `on: {request: {}}` is enough.",
        Example::change(ISSUE, "on:\n  expiry: {at: 2/3}\n", "on: {}\n");
    STEP_KIND = "workflow.step_kind", "A step says no kind, or more than one.",
        why "A step does one thing, and says which by one key beside its `id`.",
        Example::change(ROTATE, "    evidence: {attach: [", "    evidnce: {attach: [");
    DUPLICATE_STEP = "workflow.duplicate_step", "Two steps have one id.",
        why "A step's id is how references, decisions and ledger entries name it.",
        Example::change(ROTATE, "- id: seal", "- id: gate");
    IMPOSSIBLE_CLASS = "workflow.impossible_class", "A required class of characters is not in the alphabet.",
        why "No text of this alphabet could have such a character, or the class stands in the list twice. `printable` has \
             all classes.",
        Example::change(ROTATE, "alphabet: url_safe, require: [lower]", "alphabet: hex, require: [symbol]");
    PROFILE = "workflow.profile", "A certificate's profile does not take this key, or needs another one.",
        why "A server's certificate has an issuer and names, and no common name, which clients no longer look at (RFC \
             6125 section 6.4.4); an authority's has a common name and no names.",
        Example::change(ISSUE, "profile: server", "profile: server\n      common_name: payments");
}
