//! Each code by an example: one change of a good file, the codes that it brings about and no others, and its drawing.

mod proofs;

use std::collections::BTreeSet;
use std::fmt::Write;

use proofs::PROOFS;

use super::drawing::draw;
use super::known::with_known;
use crate::diagnostic::Diagnostic;
use crate::workflow::{Member, check_set, codes, parse};

const ROTATE: &str = r#"apiVersion: countersign/v1
kind: Workflow
metadata:
  name: rotate-key
  owner: {team: payments, person: dana@example.com}
  purpose: young keys
  controls: ["nist-800-53r5:ia-5"]
subject: {connector: local, kind: account, name: payments, tier: critical}
on:
  request: {inputs: {reason: {type: string, min_length: 10, default: scheduled rotation}, count: {type: integer, default: 3}}}
  expiry: {at: 2/3}
steps:
  - id: gate
    policy: {action: rotate, context: {reason: "${{ inputs.reason }}"}}
  - id: rotate
    rotate:
      strategy: dual_slot
      generate: {length: 43, alphabet: url_safe, require: [lower], lifetime: 30d}
      distribute: [{to: files/client, path: payments, fields: {key: "${{ steps.rotate.key }}"}}]
      verify: [{login: {port: 1}}, {must_not: login}]
      adopted: [{connector: local, probe: key_used, within: 10s}]
      soak: 2s
  - id: seal
    evidence: {attach: ["${{ steps.rotate.verification }}"], retain: 7y}
"#;

const PROVISION: &str = r#"apiVersion: countersign/v1
kind: Workflow
metadata: {name: provision, owner: {team: payments, person: dana@example.com}, purpose: an account}
subject: {connector: local, kind: account, name: payments}
on: {request: {inputs: {level: {type: string, one_of: [read, write], default: read}, note: {type: string}}}}
steps:
  - {id: gate, policy: {action: provision}}
  - id: account
    provision:
      attributes: {owner: dana@x.org, backup: lee@x.org, purpose: p, expires: +90d, level: "${{ inputs.level }}"}
      generate: {length: 43, alphabet: url_safe}
      distribute: [{to: files/client, path: payments, fields: {key: "${{ steps.account.key }}"}}]
  - {id: seal, evidence: {retain: 7y}}
"#;

const ISSUE: &str = r#"apiVersion: countersign/v1
kind: Workflow
metadata: {name: tls, owner: {team: platform, person: dana@example.com}, purpose: young certificates}
subject: {connector: local, kind: certificate, name: localhost}
on: {expiry: {at: 2/3}}
steps:
  - {id: gate, policy: {action: issue}}
  - id: tls
    issue:
      profile: server
      issuer: local/ca/issuing
      names: [localhost, 127.0.0.1, "::1", "*.example.com"]
      lifetime: 7d
      key: p256
      distribute: [{to: files/server, path: tls, fields: {key.pem: "${{ steps.tls.key }}"}}]
  - {id: seal, evidence: {retain: 7y}}
"#;

const SIGNING: &str = r#"apiVersion: countersign/v1
kind: Workflow
metadata: {name: sign, owner: {team: identity, person: dana@example.com}, purpose: young signing keys}
subject: {connector: local, kind: jwks, name: sessions}
on: {request: {}}
steps:
  - {id: gate, policy: {action: rotate}}
  - id: sign
    rotate:
      strategy: versioned
      generate: {key: p256}
      distribute: [{to: files/client, path: sessions, fields: {key.pem: "${{ steps.sign.key }}"}}]
      cache: 10m
      token_lifetime: 1h
  - {id: seal, evidence: {retain: 7y}}
"#;

const CERTIFICATE: &str = include_str!("../schema/tests/served.yaml");

const ROBOT: &str = r#"apiVersion: countersign/v1
kind: Workflow
metadata: {name: robot, owner: {team: lab, person: dana@example.com}, purpose: a robot}
subject: {connector: lab, kind: robot, name: r2}
on: {request: {inputs: {arms: {type: integer, min: 0, max: 4}, armed: {type: boolean, default: false}}}}
steps:
  - {id: gate, policy: {action: provision}}
  - id: robot
    provision:
      attributes: {arms: "${{ inputs.arms }}", armed: "${{ inputs.armed }}", tags: [a, b], marks: {x: y}}
      generate: {length: 43, alphabet: hex}
      distribute: [{to: files/client, path: robot, fields: {key: "${{ steps.robot.key }}"}}]
  - {id: seal, evidence: {retain: 7y}}
"#;

const GATE: &str = "  - id: gate\n    policy: {action: rotate, context: {reason: \"${{ inputs.reason }}\"}}\n";

const ACCOUNT: &str = r#"  - id: account
    provision:
      attributes: {owner: dana@x.org, backup: lee@x.org, purpose: p, expires: +90d, level: "${{ inputs.level }}"}
      generate: {length: 43, alphabet: url_safe}
      distribute: [{to: files/client, path: payments, fields: {key: "${{ steps.account.key }}"}}]
"#;

/// The codes, in the order of the text; the file; what is taken out of it; what is put there instead.
type Case = (&'static [&'static str], &'static str, &'static str, &'static str);

const TEXT: &[Case] = &[
    (&[codes::REORDERED], ROTATE, "young keys", "young \u{202e}keys"),
    (&[codes::SYNTAX], ROTATE, "soak: 2s", "soak: \"2s"),
    (&[codes::SYNTAX], ROTATE, "\"${{ steps.rotate.key }}\"", "${{ steps.rotate.key }}"),
    (&[codes::MANY_DOCUMENTS], ROTATE, "steps:", "---\nsteps:"),
    (&[codes::ANCHOR], ROTATE, "soak: 2s", "soak: &soak 2s"),
    (&[codes::ALIAS], ROTATE, "soak: 2s", "soak: *soak"),
    (&[codes::TAG], ROTATE, "soak: 2s", "soak: !!str 2s"),
    (&[codes::TAG], ROTATE, "length: 43", "length: !!int x"),
    (&[codes::TAG], ROTATE, "[lower]", "!set [lower]"),
    (&[codes::MERGE_KEY], ROTATE, "tier: critical", "<<: {tier: critical}"),
    (&[codes::DUPLICATE_KEY], ROTATE, "soak: 2s", "soak: 2s\n      soak: 3s"),
];

const SHAPE: &[Case] = &[
    (
        &[codes::UNKNOWN_VERB],
        ROTATE,
        "  - id: seal\n",
        "  - {id: off, uses: local/key_disabel, with: {version: x}}\n  - id: seal\n",
    ),
    (&[codes::UNKNOWN_VERB], ROTATE, "  - id: seal\n", "  - {id: off, uses: files/deliver}\n  - id: seal\n"),
    (&[codes::MISSING_KEY], ROTATE, "  - id: seal\n", "  - {id: off, uses: local/key_disable}\n  - id: seal\n"),
    (
        &[codes::KEY_NOT_HERE],
        ROTATE,
        "  - id: seal\n",
        "  - {id: off, wait: {for: 2s}, with: {version: x}}\n  - id: seal\n",
    ),
    (
        &[codes::UNCOVERED_CHANGE],
        PROVISION,
        "  - {id: seal",
        "  - {id: off, uses: local/key_disable, with: {version: x}}\n  - {id: seal",
    ),
    (&[codes::API_VERSION], ROTATE, "countersign/v1", "countersign/v2"),
    (&[codes::WRONG_TYPE], ROTATE, "soak: 2s", "soak: 2s\n    on_failure: [gate]"),
    (&[codes::ON_FAILURE], ROTATE, "soak: 2s", "soak: 2s\n    on_failure: gate"),
    (
        &[codes::UNKNOWN_STEP],
        ROTATE,
        "  - id: seal\n",
        "  - {id: x, on_failure: rotat, wait: {for: 1s}}\n  - id: seal\n",
    ),
    (
        &[codes::ON_FAILURE],
        ROTATE,
        "  - id: seal\n",
        "  - {id: x, on_failure: rotate, needs: [gate], wait: {for: 1s}}\n  - id: seal\n",
    ),
    (
        &[codes::ON_FAILURE],
        ROTATE,
        "  - id: seal\n",
        "  - {id: x, on_failure: rotate, wait: {for: 1s}}\n  - id: seal\n    needs: [x]\n",
    ),
    (
        &[codes::ON_FAILURE],
        ROTATE,
        "  - id: seal\n",
        "  - {id: x, on_failure: rotate, wait: {for: 1s}}\n  - {id: y, on_failure: x, wait: {for: 1s}}\n  - id: seal\n",
    ),
    (
        &[codes::UNCOVERED_CHANGE],
        ROTATE,
        "  - id: seal\n",
        "  - {id: x, on_failure: rotate, deprovision: {observe: 1s}}\n  - id: seal\n",
    ),
    (
        &[codes::LATER_STEP],
        ROTATE,
        "  - id: seal\n",
        "  - {id: x, on_failure: rotate, notify: {to: team-chat, text: \"${{ steps.rotate.version }}\"}}\n  - id: seal\n",
    ),
    (&[codes::STRATEGY], ROTATE, "dual_slot", "reissue"),
    (&[codes::MISSING_KEY, codes::MISSING_KEY, codes::STRATEGY, codes::STRATEGY], ROTATE, "dual_slot", "versioned"),
    (&[codes::STRATEGY, codes::STRATEGY], ROTATE, "soak: 2s", "soak: 2s\n      cache: 2s\n      token_lifetime: 2s"),
    (&[codes::STRATEGY], ROTATE, "dual_slot", "alternating"),
    (
        &[codes::NO_SUCH_PART],
        ROTATE,
        "  - id: seal",
        "  - {id: stop, policy: {action: revoke}}\n  - {id: end, revoke: {issuer: local/ca/issuing, reason: superseded}}\n  - id: seal",
    ),
    (
        &[codes::MISSING_KEY, codes::UNKNOWN_WORD],
        ISSUE,
        "  - {id: seal",
        "  - {id: stop, policy: {action: revoke}}\n  - {id: end, revoke: {reason: compromise}}\n  - {id: seal",
    ),
    (
        &[codes::UNCOVERED_CHANGE],
        ISSUE,
        "  - {id: seal",
        "  - {id: end, revoke: {issuer: local/ca/issuing, reason: superseded}}\n  - {id: seal",
    ),
    (&[codes::MISSING_KEY, codes::STRATEGY, codes::STRATEGY], ROTATE, "dual_slot", "in_place"),
    (&[codes::STRATEGY], ROTATE, "soak: 2s", "soak: 2s\n      downtime: nobody waits"),
    (&[codes::UNKNOWN_KEY], ROTATE, "  - id: rotate\n", "  - id: rotate\n    for_each: [a, b]\n"),
    (&[codes::KEY_NOT_HERE], ROTATE, "name: payments,", "name: payments, for_each: {at_most: 3},"),
    (&[codes::KEY_NOT_HERE], ROTATE, "name: payments,", "self: true, for_each: {at_most: 3},"),
    (&[codes::MISSING_KEY], ROTATE, "name: payments,", "for_each: {},"),
    (&[codes::OUT_OF_RANGE], ROTATE, "name: payments,", "for_each: {at_most: 0%},"),
    (&[codes::OUT_OF_RANGE], ROTATE, "name: payments,", "for_each: {at_most: 501},"),
    (&[codes::OUT_OF_RANGE], ROTATE, "name: payments,", "for_each: {at_most: 3, together: 51},"),
    (&[codes::BAD_CONDITION], ROTATE, "name: payments,", "for_each: {at_most: 3, where: resource.colour == 3},"),
    (&[codes::FOR_EACH, codes::FOR_EACH], ROTATE, "name: payments,", "for_each: {at_most: 3},"),
    (
        &[codes::SECOND_CHANGE],
        ROTATE,
        "  - id: seal\n",
        "  - {id: may, policy: {action: deprovision}}\n  - {id: end, deprovision: {observe: 1d}}\n  - id: seal\n",
    ),
    (
        &[codes::SECOND_CHANGE],
        ROTATE,
        "  - id: seal\n",
        "  - {id: off, uses: local/key_disable, with: {version: x}}\n  - id: seal\n",
    ),
    (
        &[codes::ON_FAILURE],
        PROVISION,
        "  - {id: seal",
        "  - {id: may, on_failure: account, policy: {action: deprovision}}\n  - {id: end, on_failure: account, deprovision: {observe: 1d}}\n  - {id: seal",
    ),
    (
        &[codes::ON_FAILURE],
        ROTATE,
        "  - id: seal\n",
        "  - {id: look, check: {connector: local, probe: login, with: {}}}\n  - {id: x, on_failure: look, wait: {for: 1s}}\n  - id: seal\n",
    ),
    (&[codes::OUT_OF_RANGE], ROTATE, "  controls:", "  runbook: \"first this\\nthen that\"\n  controls:"),
    (&[codes::WRONG_TYPE], ROTATE, "  controls:", "  runbook: [https://runbooks.example.com]\n  controls:"),
    (&[codes::UNKNOWN_WORD], ROTATE, "steps:", "on_import: forget\nsteps:"),
    (&[codes::KEY_NOT_HERE], ISSUE, "steps:", "on_import: verify\nsteps:"),
    (&[codes::OWN_CREDENTIAL], ROTATE, "name: payments,", "name: operator,"),
    (&[codes::OWN_CREDENTIAL], ROTATE, "name: payments,", "name: operator, self: false,"),
    (&[codes::WRONG_TYPE], ROTATE, "name: payments,", "name: operator, self: countersign,"),
    (&[codes::BAD_NAME], ROTATE, "steps:", "  event: [leak]\nsteps:"),
    (&[codes::BAD_NAME], ROTATE, "steps:", "  event: [leak.reported, leak.reported]\nsteps:"),
    (&[codes::OUT_OF_RANGE], ROTATE, "steps:", "  event: []\nsteps:"),
    (
        &[codes::UNKNOWN_WEBHOOK],
        ROTATE,
        "  - id: seal\n",
        "  - {id: tell, notify: {to: team-chta, text: done}}\n  - id: seal\n",
    ),
    (
        &[codes::SECRET_FLOW],
        ROTATE,
        "  - id: seal\n",
        "  - {id: tell, notify: {to: team-chat, text: \"${{ steps.rotate.key }}\"}}\n  - id: seal\n",
    ),
    (
        &[codes::UNKNOWN_WORD],
        ROTATE,
        "  - id: seal\n",
        "  - {id: tell, notify: {to: team-chat, text: done, on: faliure}}\n  - id: seal\n",
    ),
    (&[codes::UNKNOWN_FREEZE], ROTATE, "steps:", "windows: {freeze: [yaer-end]}\nsteps:"),
    (&[codes::BAD_WINDOW], ROTATE, "steps:", "windows: {freeze: [\"12-20 UTC\"]}\nsteps:"),
    (&[codes::BAD_WINDOW], ROTATE, "steps:", "windows: {allow: [\"SAT 00:00-06:00 Europe/Belrin\"]}\nsteps:"),
    (&[codes::EMPTY_VALUE], ROTATE, "steps:", "windows: {}\nsteps:"),
    (&[codes::OUT_OF_RANGE], ROTATE, "steps:", "windows: {allow: []}\nsteps:"),
    (&[codes::IMPOSSIBLE_WINDOW], ROTATE, "steps:", "windows: {freeze: [\"01-01..12-31 UTC\"]}\nsteps:"),
    (&[codes::IMPOSSIBLE_WINDOW], SIGNING, "steps:", "windows: {allow: [\"* 02:00-03:00 UTC\"]}\nsteps:"),
    (
        &[codes::MISSING_KEY, codes::UNKNOWN_KEY, codes::UNKNOWN_KEY],
        SIGNING,
        "{key: p256}",
        "{length: 43, alphabet: hex}",
    ),
    (&[codes::OUT_OF_RANGE], SIGNING, "token_lifetime: 1h", "token_lifetime: 1h\n    timeout: 2h"),
    (&[codes::IMPOSSIBLE_WINDOW], ROTATE, "steps:", "windows: {freeze: [\"12-20..01-04 UTC\"]}\nsteps:"),
    (
        &[codes::IMPOSSIBLE_WINDOW],
        ROTATE,
        "  expiry: {at: 2/3}\n",
        "  schedule: {cron: \"0 9 1,15 * *\", timezone: UTC}\nwindows: {freeze: [\"2031-02-01..2031-02-20 UTC\"]}\n",
    ),
    (
        &[codes::NOT_IN_THIS_VERSION],
        ROTATE,
        "  - id: rotate",
        "  - id: consent\n    approval: {quorum: 2}\n  - id: rotate",
    ),
    (&[codes::IDLE_POLICY, codes::UNCOVERED_CHANGE], ROTATE, "action: rotate", "action: revoke"),
    (
        &[codes::BAD_CONDITION],
        ROTATE,
        "- id: gate\n",
        "- id: pause\n    wait: {for: 1m}\n    when: resource.tier = \"critical\"\n  - id: gate\n",
    ),
    (
        &[codes::BAD_CONDITION],
        ROTATE,
        "- id: gate\n",
        "- id: pause\n    wait: {for: 1m}\n    when: resource.purpose == \"x\"\n  - id: gate\n",
    ),
    (
        &[codes::BAD_CONDITION],
        ROTATE,
        "- id: gate\n",
        "- id: pause\n    wait: {for: 1m}\n    when: \"context.inputs.raeson == \\\"x\\\"\"\n  - id: gate\n",
    ),
    (
        &[codes::BAD_CONDITION],
        ROTATE,
        "- id: gate\n",
        "- id: pause\n    wait: {for: 1m}\n    when: context.inputs.count == \"3\"\n  - id: gate\n",
    ),
    (
        &[codes::BAD_CONDITION],
        ROTATE,
        "- id: gate\n",
        "- id: pause\n    wait: {for: 1m}\n    when: principal == Countersign::Workflow::\"w\"\n  - id: gate\n",
    ),
    (
        &[codes::BAD_CONDITION],
        ROTATE,
        "- id: gate\n",
        "- id: pause\n    wait: {for: 1m}\n    when: >-\n      context.now\n      == 1\n  - id: gate\n",
    ),
    (
        &[codes::IMPOSSIBLE_CONDITION],
        ROTATE,
        "- id: gate\n",
        "- id: pause\n    wait: {for: 1m}\n    when: resource has owner && false\n  - id: gate\n",
    ),
    (
        &[codes::IMPOSSIBLE_CONDITION],
        ROTATE,
        "- id: gate\n",
        "- id: pause\n    wait: {for: 1m}\n    when: resource.kind == \"role\"\n  - id: gate\n",
    ),
    (
        &[codes::IMPOSSIBLE_CONDITION],
        ROTATE,
        "- id: gate\n",
        "- id: pause\n    wait: {for: 1m}\n    when: context.facts.exists || \"role\" == resource.kind\n  - id: gate\n",
    ),
    (
        &[codes::BAD_CONDITION],
        ROTATE,
        "- id: gate\n",
        "- id: pause\n    wait: {for: 1m}\n    when: resource.connector == \"locall\"\n  - id: gate\n",
    ),
    (
        &[codes::IMPOSSIBLE_CONDITION],
        ROTATE,
        "- id: gate\n",
        "- id: pause\n    wait: {for: 1m}\n    when: resource.connector == \"lab\"\n  - id: gate\n",
    ),
    (
        &[codes::IMPOSSIBLE_CONDITION],
        ROTATE,
        "- id: gate\n",
        "- id: pause\n    wait: {for: 1m}\n    when: context.trigger == \"schedule\"\n  - id: gate\n",
    ),
    (
        &[codes::IMPOSSIBLE_CONDITION],
        ROTATE,
        "- id: gate\n",
        "- id: pause\n    wait: {for: 1m}\n    when: \"[\\\"schedule\\\", \\\"event\\\"].contains(context.trigger)\"\n  - id: gate\n",
    ),
    (
        &[codes::IMPOSSIBLE_CONDITION],
        ROTATE,
        "- id: gate\n",
        "- id: pause\n    wait: {for: 1m}\n    when: \"!(context.trigger != \\\"schedule\\\")\"\n  - id: gate\n",
    ),
    (
        &[codes::BAD_CONDITION],
        ROTATE,
        "- id: gate\n",
        "- id: pause\n    wait: {for: 1m}\n    when: context.trigger != \"shedule\"\n  - id: gate\n",
    ),
    (
        &[codes::BAD_CONDITION],
        PROVISION,
        "- {id: gate",
        "- id: works\n    when: context.inputs.level == \"wrte\"\n    check: {connector: local, probe: login}\n  - {id: gate",
    ),
    (
        &[codes::IMPOSSIBLE_CONDITION],
        ROTATE,
        "name: payments",
        "for_each: {where: context.trigger == \"event\", at_most: 3}",
    ),
    (&[codes::WRONG_TYPE], ROTATE, "- id: gate\n", "- id: pause\n    wait: {for: 1m}\n    when: true\n  - id: gate\n"),
    (&[codes::EMPTY_VALUE], ROTATE, "- id: gate\n", "- id: pause\n    wait: {for: 1m}\n    when: \"\"\n  - id: gate\n"),
    (
        &[codes::REFERENCE_NOT_HERE],
        ROTATE,
        "- id: gate\n",
        "- id: pause\n    wait: {for: 1m}\n    when: \"${{ inputs.reason }}\"\n  - id: gate\n",
    ),
    (&[codes::KEY_NOT_HERE], ROTATE, "- id: gate\n", "- id: gate\n    retry: {times: 3, wait: 1s}\n"),
    (&[codes::KEY_NOT_HERE], ROTATE, "- id: seal\n", "- id: seal\n    timeout: 1s\n"),
    (&[codes::KEY_NOT_HERE], ROTATE, "- id: seal\n", "- id: seal\n    leaves: [{to: files/client, path: a}]\n"),
    (&[codes::UNKNOWN_PLACE], ROTATE, "soak: 2s\n", "soak: 2s\n    leaves: [{to: files/klient, path: a}]\n"),
    (&[codes::MISSING_KEY], ROTATE, "soak: 2s\n", "soak: 2s\n    leaves: [{to: files/client}]\n"),
    (&[codes::BAD_NAME], ROTATE, "soak: 2s\n", "soak: 2s\n    leaves: [{to: files/client, path: ../a}]\n"),
    (&[codes::OUT_OF_RANGE], ROTATE, "soak: 2s\n", "soak: 2s\n    timeout: 2s\n"),
    (&[codes::OUT_OF_RANGE], ROTATE, "soak: 2s\n", "soak: 2s\n    timeout: 12s\n"),
    (&[codes::OUT_OF_RANGE], ROTATE, "soak: 2s\n", "soak: 2s\n    timeout: 20s\n    retry: {times: 2, wait: 6s}\n"),
    (
        &[codes::OUT_OF_RANGE],
        ROTATE,
        "- id: gate\n",
        "- id: works\n    timeout: 20s\n    check: {connector: local, probe: login, within: 20s}\n  - id: gate\n",
    ),
    (&[codes::OUT_OF_RANGE], ISSUE, "- id: tls\n", "- id: tls\n    timeout: 1h\n    retry: {times: 6, wait: 1m}\n"),
    (&[codes::OUT_OF_RANGE], ROTATE, "soak: 2s\n", "soak: 2s\n    retry: {times: 11, wait: 1s}\n"),
    (&[codes::MISSING_KEY], ROTATE, "soak: 2s\n", "soak: 2s\n    retry: {times: 1}\n"),
    (&[codes::BAD_CRON], ROTATE, "steps:", "  schedule: {cron: \"0 9 * *\", timezone: UTC}\nsteps:"),
    (&[codes::BAD_CRON], ROTATE, "steps:", "  schedule: {cron: \"0 24 * * *\", timezone: UTC}\nsteps:"),
    (&[codes::BAD_CRON], ROTATE, "steps:", "  schedule: {cron: \"0 0 30 2 *\", timezone: UTC}\nsteps:"),
    (&[codes::BAD_ZONE], ROTATE, "steps:", "  schedule: {cron: \"0 9 * * *\", timezone: Europe/Belrin}\nsteps:"),
    (&[codes::BAD_ZONE], ROTATE, "steps:", "  schedule: {cron: \"0 9 * * *\", timezone: europe/berlin}\nsteps:"),
    (&[codes::BAD_ZONE], ROTATE, "steps:", "  schedule: {cron: \"0 9 * * *\", timezone: \"+01:00\"}\nsteps:"),
    (&[codes::OUT_OF_RANGE], ROTATE, "steps:", "  schedule: {cron: \"0 * * * *\", timezone: UTC, jitter: 1h}\nsteps:"),
    (&[codes::MISSING_KEY], ROTATE, "steps:", "  schedule: {cron: \"0 9 * * *\"}\nsteps:"),
    (
        &[codes::UNKNOWN_WORD],
        ROTATE,
        "steps:",
        "  schedule: {cron: \"0 9 * * *\", timezone: UTC, catch_up: twice}\nsteps:",
    ),
    (&[codes::SCHEDULE_TOO_RARE], ROTATE, "expiry: {at: 2/3}", "schedule: {cron: \"0 9 1,2 * *\", timezone: UTC}"),
    (&[codes::UNKNOWN_KEY], ROTATE, "tier: critical", "teir: critical"),
    (&[codes::UNKNOWN_KEY], ROTATE, "soak: 2s", "soke: 2s"),
    (&[codes::MISSING_KEY], ROTATE, "      soak: 2s\n", ""),
    (&[codes::MISSING_KEY], PROVISION, "level: \"${{ inputs.level }}\"", ""),
    (&[codes::WRONG_TYPE], ROTATE, "soak: 2s", "soak: 2"),
    (&[codes::WRONG_TYPE], ROTATE, "length: 43", "length: 4.5"),
    (&[codes::WRONG_TYPE], ROTATE, "purpose: young keys", "purpose:"),
    (&[codes::BAD_NAME, codes::WRONG_TYPE], ROTATE, "name: rotate-key", "name: 012\n  1: x"),
    (&[codes::WRONG_TYPE], ROTATE, "  expiry: {at: 2/3}", "  expiry: [2/3]"),
    (&[codes::UNKNOWN_WORD], ROTATE, "dual_slot", "dual_slots"),
    (&[codes::UNKNOWN_WORD], ROTATE, "alphabet: url_safe", "alphabet: emoji"),
    (&[codes::OUT_OF_RANGE], ROTATE, "length: 43", "length: 7"),
    (&[codes::OUT_OF_RANGE], ROTATE, "lifetime: 30d", "lifetime: 1500ms"),
    (&[codes::OUT_OF_RANGE], ROTATE, "within: 10s", "within: 0s"),
    (&[codes::OUT_OF_RANGE], ROTATE, "soak: 2s", "soak: 101y"),
    (&[codes::EMPTY_VALUE], ROTATE, "{key: \"${{ steps.rotate.key }}\"}", "{}"),
    (&[codes::EMPTY_VALUE], ROTATE, "purpose: young keys", "purpose: \"\""),
    (&[codes::BAD_NAME], ROTATE, "name: rotate-key", "name: rotate key"),
    (&[codes::BAD_NAME], ROTATE, "name: payments,", "name: ../payments,"),
    (&[codes::BAD_NAME; 2], ISSUE, "[localhost, 127.0.0.1,", "[localhost, LOCALHOST, 127.0.0.300,"),
    (&[codes::BAD_NAME], ROTATE, "to: files/client", "to: files"),
    (&[codes::BAD_PERSON], ROTATE, "person: dana@example.com", "person: dana"),
    (&[codes::BAD_PERSON], PROVISION, "owner: dana@x.org", "owner: dana"),
    (&[codes::BAD_PERSON], PROVISION, "note: {type: string}", "note: {type: person, default: dana}"),
    (&[codes::TYPE_MISMATCH], PROVISION, "owner: dana@x.org", "owner: \"${{ inputs.level }}\""),
    (&[codes::UNKNOWN_CONTROL], ROTATE, "\"nist-800-53r5:ia-5\"", "\"nist-800-53r6:ia-5\""),
    (&[codes::UNKNOWN_CONTROL], ROTATE, "\"nist-800-53r5:ia-5\"", "\"nist-800-53r5:IA-5\""),
    (&[codes::UNKNOWN_CONTROL], ROTATE, "\"nist-800-53r5:ia-5\"", "\"nist-800-53r5:ia-99\""),
    (&[codes::UNKNOWN_CONTROL], ROTATE, "\"nist-800-53r5:ia-5\"", "\"pci-dss-4.0.1:13.1\""),
    (&[codes::UNKNOWN_CONTROL], ROTATE, "\"nist-800-53r5:ia-5\"", "\"owasp-nhi-2025:nhi11\""),
    (&[codes::BAD_CONTROL], ROTATE, "\"nist-800-53r5:ia-5\"", "ia-5"),
    (&[codes::BAD_DURATION], ROTATE, "soak: 2s", "soak: 2 seconds"),
    (&[codes::BAD_INSTANT], PROVISION, "+90d", "tomorrow"),
    (&[codes::BAD_FRACTION], ROTATE, "at: 2/3", "at: 3/3"),
    (&[codes::BAD_FRACTION], ROTATE, "at: 2/3", "at: 999999/1000000"),
    (&[codes::BAD_FRACTION], ROTATE, "at: 2/3", "at: 1/99999999999"),
    (&[codes::BAD_FRACTION], ROTATE, "at: 2/3", "at: 02/3"),
    (&[codes::BAD_NAME], ROTATE, "path: payments", "path: ../payments"),
    (&[codes::BAD_INPUT], ROTATE, "default: scheduled rotation", "default: soon"),
    (&[codes::BAD_INPUT], ROTATE, "min_length: 10", "min_length: 10, max_length: 9"),
    (&[codes::BAD_INPUT], ROTATE, "min_length: 10", "one_of: [a, a]"),
    (&[codes::MISSING_DEFAULT], ROTATE, ", default: 3", ""),
    (&[codes::NO_TRIGGER], ISSUE, "{expiry: {at: 2/3}}", "{}"),
    (&[codes::STEP_KIND], ROTATE, "    rotate:\n", "    rotat:\n"),
    (&[codes::STEP_KIND], ROTATE, "    rotate:\n", "    evidence: {retain: 7y}\n    rotate:\n"),
    (&[codes::DUPLICATE_STEP], ROTATE, "- id: seal", "- id: gate"),
    (&[codes::IMPOSSIBLE_CLASS], ROTATE, "url_safe, require: [lower]", "hex, require: [digit, symbol]"),
    (&[codes::PROFILE], ISSUE, "      issuer: local/ca/issuing\n", ""),
    (&[codes::PROFILE], ISSUE, "profile: server", "profile: ca"),
    (&[codes::PROFILE], ISSUE, "profile: server", "common_name: localhost\n      profile: server"),
];

const REFERENCES: &[Case] = &[
    (&[codes::BAD_REFERENCE], ROTATE, "${{ inputs.reason }}", "${{ inputs.reason"),
    (&[codes::BAD_REFERENCE], ROTATE, "${{ inputs.reason }}", "${{ upper(inputs.reason) }}"),
    (&[codes::REFERENCE_NOT_HERE], ROTATE, "purpose: young keys", "purpose: keys of ${{ subject.name }}"),
    (&[codes::UNKNOWN_REFERENCE], ROTATE, "${{ inputs.reason }}", "for ${{ inputs.raeson }}!"),
    (&[codes::UNKNOWN_REFERENCE], ROTATE, "${{ inputs.reason }}", "${{ subject.owner }}"),
    (&[codes::UNKNOWN_REFERENCE], ROTATE, "${{ inputs.reason }}", "${{ secrets.TOKEN }}"),
    (&[codes::UNKNOWN_REFERENCE], ROTATE, "${{ steps.rotate.key }}", "${{ steps.rotat.key }}"),
    (&[codes::UNKNOWN_REFERENCE], ROTATE, "${{ steps.rotate.key }}", "${{ steps.rotate.password }}"),
    (&[codes::UNKNOWN_REFERENCE], ROTATE, "name: payments,", "name: \"${{ subject.kind }}\","),
    (
        &[codes::MAYBE_SKIPPED],
        PROVISION,
        "  - id: account\n    provision:\n      attributes: {owner: dana@x.org, backup: lee@x.org, purpose: p,",
        "  - {id: works, when: context.facts.exists, check: {connector: local, probe: login}}\n  - id: account\n    \
         provision:\n      attributes: {owner: dana@x.org, backup: lee@x.org, purpose: \"${{ steps.works.verification \
         }}\",",
    ),
    (&[codes::LATER_STEP], PROVISION, "owner: dana@x.org", "owner: \"${{ steps.account.version }}\""),
    (&[codes::NOT_KNOWN_AT_PLAN], ROTATE, "path: payments", "path: \"keys/${{ steps.rotate.version }}\""),
    (&[codes::TYPE_MISMATCH], PROVISION, "inputs.level", "inputs.note"),
    (&[codes::TYPE_MISMATCH], ROBOT, "arms: \"${{ inputs.arms }}\"", "arms: \"${{ inputs.armed }}\""),
    (&[codes::TYPE_MISMATCH], ROBOT, "arms: \"${{ inputs.arms }}\"", "arms: \"1${{ inputs.arms }}\""),
    (&[codes::SECRET_FLOW], ROTATE, "${{ inputs.reason }}", "${{ steps.rotate.key }}"),
    (&[codes::SECRET_FLOW], ROTATE, "\"${{ steps.rotate.key }}\"", "\"key=${{ steps.rotate.key }}\""),
    (&[codes::SECRET_FLOW], ROTATE, "path: payments", "path: \"${{ steps.rotate.key }}\""),
    (&[codes::SECRET_FLOW], ROTATE, "steps.rotate.verification", "steps.rotate.key"),
    (&[codes::SECRET_FLOW], ROTATE, "port: 1", "port: \"${{ steps.rotate.key }}\""),
    (&[codes::SECRET_FLOW], PROVISION, "owner: dana@x.org", "owner: \"${{ steps.account.key }}\""),
    (&[codes::SECRET_FLOW], ROBOT, "files/client", "lab/wall"),
    (&[codes::UNKNOWN_REFERENCE], ROTATE, "name: payments,", "name: \"${{ trigger.kind }}\","),
    (&[codes::TYPE_MISMATCH], ROBOT, "tags: [a, b]", "pin: \"${{ inputs.arms }}\""),
    (&[codes::LITERAL_SECRET], ROBOT, "tags: [a, b]", "pin: hunter2"),
    (&[codes::LITERAL_SECRET], ROBOT, "tags: [a, b]", "codes: [hunter2]"),
];

const MANIFESTS: &[Case] = &[
    (&[codes::UNKNOWN_CONNECTOR], ROTATE, "subject: {connector: local", "subject: {connector: locla"),
    (&[codes::UNKNOWN_KIND], ROTATE, "kind: account", "kind: acount"),
    (&[codes::UNKNOWN_PLACE], ROTATE, "files/client", "files/clinet"),
    (&[codes::UNKNOWN_PLACE], ROTATE, "files/client", "files/wall"),
    (&[codes::UNKNOWN_PROBE], ROTATE, "probe: key_used", "probe: keys_used"),
    (&[codes::UNKNOWN_PROBE], ROTATE, "must_not: login", "must_not: served"),
    (&[codes::UNKNOWN_ATTRIBUTE], ROTATE, "port: 1", "prot: 1"),
    (&[codes::UNKNOWN_ATTRIBUTE], PROVISION, "purpose: p", "purpose: p, colour: red"),
    (&[codes::NO_SUCH_PART], ISSUE, "kind: certificate", "kind: account"),
    (&[codes::NO_SUCH_PART], ROTATE, "to: files/client", "to: local/client"),
    (
        &[codes::STRATEGY, codes::UNKNOWN_PROBE, codes::UNKNOWN_PROBE],
        ROTATE,
        "{connector: local, kind: account",
        "{connector: lab, kind: robot",
    ),
    (&[codes::BAD_ISSUER], ISSUE, "local/ca/issuing", "local/account/payments"),
    (&[codes::BAD_ISSUER], ISSUE, "local/ca/issuing", "files/ca/issuing"),
    (&[codes::UNKNOWN_CONNECTOR], ISSUE, "local/ca/issuing", "locl/ca/issuing"),
    (&[codes::UNKNOWN_KIND], ISSUE, "local/ca/issuing", "local/cas/issuing"),
    (&[codes::UNKNOWN_WORD], PROVISION, "\"${{ inputs.level }}\"", "admn"),
];

fn changed(case: &Case) -> String {
    let (_, text, from, to) = case;
    assert!(text.contains(from), "{from}");
    text.replacen(from, to, 1)
}

fn errors_of(bytes: &[u8]) -> Vec<Diagnostic> {
    with_known(|known| parse("case.yaml", bytes, known)).unwrap_err()
}

/// The drawings of a table, each checked for its codes.
fn drawings(cases: &[Case]) -> String {
    let mut out = String::new();
    for case in cases {
        let text = changed(case);
        let found = errors_of(text.as_bytes());
        let codes: Vec<&str> = found.iter().map(|one| one.code).collect();
        let drawn: String = found.iter().map(|one| draw(one, &text)).collect();
        assert_eq!(codes, case.0, "{:?} -> {:?}\n{drawn}", case.2, case.3);
        let _ = writeln!(out, "{drawn}");
    }
    out
}

#[test]
fn the_good_files_are_good() {
    for text in [ROTATE, PROVISION, ISSUE, ROBOT, SIGNING] {
        let read = with_known(|known| parse("case.yaml", text.as_bytes(), known));
        assert!(read.is_ok(), "{read:#?}");
    }
}

#[test]
fn what_yaml_has_and_the_language_has_not_is_refused() {
    insta::assert_snapshot!("text", drawings(TEXT));
}

#[test]
fn keys_words_and_values_are_checked() {
    insta::assert_snapshot!("shape", drawings(SHAPE));
}

#[test]
fn references_are_resolved_and_secrets_stay_where_they_may_be() {
    insta::assert_snapshot!("references", drawings(REFERENCES));
}

#[test]
fn names_are_resolved_against_the_manifests() {
    insta::assert_snapshot!("manifests", drawings(MANIFESTS));
}

#[test]
fn changes_have_their_policy_and_their_evidence() {
    insta::assert_snapshot!("proofs", drawings(PROOFS));
}

/// Other places, other paths, and paths of which one only begins as the other; steps of which one is planned at most.
#[test]
fn deliveries_that_do_not_meet_are_taken() {
    for (place, path) in
        [("server", "payments"), ("client", "payments-2"), ("client", "pay/payments"), ("client", "pay")]
    {
        let other = format!("distribute: [{{to: files/{place}, path: {path}, fields: {{name: payments}}}}, ");
        let text = ROTATE.replacen("distribute: [", &other, 1);
        let read = with_known(|known| parse("case.yaml", text.as_bytes(), known));
        assert!(read.is_ok(), "{read:#?}");
    }
    let either = include_str!("../schema/tests/every_strategy.yaml");
    assert_eq!(either.matches("to: files/client, path: payments").count(), 2);
    assert!(with_known(|known| parse("case.yaml", either.as_bytes(), known)).is_ok());
}

/// One delivery of several is enough, and the key of an authority is delivered nowhere.
#[test]
fn what_holds_no_secret_stands_beside_what_does() {
    let beside = ROTATE.replacen(
        "distribute: [",
        "distribute: [{to: files/server, path: payments, fields: {version: \"${{ steps.rotate.version }}\"}}, ",
        1,
    );
    let authority = include_str!("../schema/tests/reissued.yaml");
    assert!(authority.contains("strategy: reissue") && authority.contains("profile: ca"));
    let kept = authority.replacen("key.pem: \"${{ steps.again.key }}\"", "chain.pem: \"${{ steps.again.chain }}\"", 1);
    for text in [beside, kept] {
        let read = with_known(|known| parse("case.yaml", text.as_bytes(), known));
        assert!(read.is_ok(), "{read:#?}");
    }
}

#[test]
fn all_errors_of_a_file_come_at_once_in_the_order_of_the_text() {
    let text = ROTATE.replace("young keys", "").replace("url_safe", "emoji").replace("soak: 2s", "soak: 2");
    let codes: Vec<&str> = errors_of(text.as_bytes()).iter().map(|one| one.code).collect();
    assert_eq!(codes, [codes::WRONG_TYPE, codes::UNKNOWN_WORD, codes::WRONG_TYPE]);
}

#[test]
fn a_step_that_cannot_be_read_does_not_bring_about_a_second_error() {
    let text = ROTATE.replace("    policy: {action: rotate", "    policy: {action: rotat");
    let codes: Vec<&str> = errors_of(text.as_bytes()).iter().map(|one| one.code).collect();
    assert_eq!(codes, [codes::UNKNOWN_WORD]);
}

#[test]
fn two_workflows_of_one_name_are_refused_at_the_second_name() {
    let workflow = with_known(|known| parse("a.yaml", ROTATE.as_bytes(), known)).unwrap();
    let member = |file| Member { file, bytes: ROTATE.as_bytes(), workflow: &workflow };
    let found = check_set(&[member("a.yaml"), member("b.yaml")]);
    assert_eq!(found.len(), 1);
    insta::assert_snapshot!("set", draw(&found[0], ROTATE));
}

/// Codes that only whole files bring about; `hostile` has them.
const ELSEWHERE: [&str; 8] = [
    codes::NOT_UTF8,
    codes::UTF16,
    codes::EMPTY,
    codes::TOO_LONG,
    codes::TOO_DEEP,
    codes::TOO_MANY_VALUES,
    codes::TOO_MANY_ERRORS,
    codes::DUPLICATE_NAME,
];

#[test]
fn every_code_has_an_example_and_is_named_once() {
    let tables = [TEXT, SHAPE, REFERENCES, MANIFESTS, PROOFS];
    let shown: BTreeSet<&str> =
        tables.iter().flat_map(|table| table.iter().flat_map(|case| case.0.iter().copied())).chain(ELSEWHERE).collect();
    let all: BTreeSet<&str> = codes::ALL.iter().map(|(code, _)| *code).collect();
    assert_eq!(shown, all);
    assert_eq!(all.len(), codes::ALL.len());
    assert!(codes::ALL.iter().all(|(code, meaning)| code.starts_with("workflow.") && meaning.ends_with('.')));
}
