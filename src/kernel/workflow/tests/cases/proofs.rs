//! What a file must prove: that no change goes without its policy and its evidence, and that the workflow can do its work.

use super::{ACCOUNT, CERTIFICATE, Case, GATE, ISSUE, PROVISION, ROTATE, SIGNING};
use crate::workflow::codes;

/// Users take turns, so that the name changes with each secret.
const TURNS: &str = include_str!("../../../../../workflows/rotate-ledger-database.yaml");

pub(super) const PROOFS: &[Case] = &[
    (&[codes::UNCOVERED_CHANGE], ROTATE, GATE, ""),
    (&[codes::IDLE_POLICY, codes::UNCOVERED_CHANGE], ROTATE, "action: rotate", "action: issue"),
    (&[codes::IDLE_POLICY, codes::UNCOVERED_CHANGE], ROTATE, "- id: rotate\n", "- id: rotate\n    needs: []\n"),
    (&[codes::UNCOVERED_CHANGE], ROTATE, "- id: gate\n", "- id: gate\n    when: resource has owner\n"),
    (
        &[codes::UNCOVERED_CHANGE],
        ROTATE,
        "    policy: {action: rotate, context: {reason: \"${{ inputs.reason }}\"}}\n  - id: rotate\n",
        "    when: resource has owner\n    policy: {action: rotate}\n  - id: rotate\n    when: resource has backup\n",
    ),
    (&[codes::ALWAYS_RUNS], ROTATE, "- id: seal\n", "- id: seal\n    when: resource has owner\n"),
    (&[codes::MISSING_EVIDENCE, codes::LATER_STEP], ROTATE, "- id: seal\n", "- id: seal\n    needs: [gate]\n"),
    (&[codes::UNKNOWN_STEP], ROTATE, "- id: seal\n", "- id: seal\n    needs: [gate, rotat]\n"),
    (&[codes::CYCLIC_NEEDS], ROTATE, "- id: gate\n", "- id: gate\n    needs: [seal]\n"),
    (&[codes::CYCLIC_NEEDS], ROTATE, "- id: gate\n", "- id: gate\n    needs: [gate]\n"),
    (&[codes::WRONG_TYPE], ROTATE, "- id: seal\n", "- id: seal\n    needs: rotate\n"),
    (&[codes::MISSING_KEY], ROTATE, "  - id: seal\n", "  - {id: pause, wait: {}}\n  - id: seal\n"),
    (&[codes::OUT_OF_RANGE], ROTATE, "  - id: seal\n", "  - {id: pause, wait: {for: 0s}}\n  - id: seal\n"),
    (
        &[codes::UNKNOWN_PROBE],
        ROTATE,
        "  - id: seal\n",
        "  - {id: works, check: {connector: local, probe: served}}\n  - id: seal\n",
    ),
    (
        &[codes::UNKNOWN_WORD],
        ROTATE,
        "  - id: seal\n",
        "  - {id: works, check: {connector: local, probe: login, expect: yes}}\n  - id: seal\n",
    ),
    (&[codes::MISSING_EVIDENCE], PROVISION, "  - {id: seal, evidence: {retain: 7y}}\n", ""),
    (&[codes::IDLE_POLICY, codes::NO_CHANGE], PROVISION, ACCOUNT, ""),
    (&[codes::UNDELIVERED_SECRET], ROTATE, "\"${{ steps.rotate.key }}\"", "abcdef"),
    (&[codes::UNDELIVERED_SECRET], PROVISION, "steps.account.key", "steps.account.version"),
    (
        &[codes::UNDELIVERED_SECRET],
        ISSUE,
        "{key.pem: \"${{ steps.tls.key }}\"}",
        "{chain.pem: \"${{ steps.tls.chain }}\"}",
    ),
    (&[codes::UNDELIVERED_SECRET], TURNS, "            username: ${{ steps.rotate.username }}\n", ""),
    (&[codes::UNDELIVERED_SECRET], SIGNING, "steps.sign.key", "steps.sign.kid"),
    (&[codes::UNDELIVERED_SECRET], CERTIFICATE, "steps.anew.key", "steps.anew.chain"),
    (
        &[codes::SAME_SINK],
        ROTATE,
        "fields: {key: \"${{ steps.rotate.key }}\"}}]",
        "fields: {key: \"${{ steps.rotate.key }}\"}}, {to: files/client, path: payments, fields: {name: payments}}]",
    ),
    (
        &[codes::SAME_SINK],
        ROTATE,
        "fields: {key: \"${{ steps.rotate.key }}\"}}]",
        "fields: {key: \"${{ steps.rotate.key }}\"}}, {to: files/client, path: payments/name, fields: {name: payments}}]",
    ),
    (
        &[codes::SAME_SINK],
        ROTATE,
        "{to: files/client, path: payments,",
        "{to: files/client, path: payments/name, fields: {name: payments}}, {to: files/client, path: payments,",
    ),
    (
        &[codes::SAME_SINK; 2],
        PROVISION,
        "{to: files/client, path: payments,",
        "{to: files/client, path: \"a/${{ inputs.note }}\", fields: {a: a}}, {to: files/client, path: \"a/${{inputs.note}}\", \
         fields: {a: a}}, {to: files/client, path: \"a/${{ inputs.note }}/b\", fields: {a: a}}, {to: files/client, path: payments,",
    ),
    (
        &[codes::SECOND_CHANGE],
        ROTATE,
        "  - id: seal\n",
        "  - id: again\n    rotate: {strategy: dual_slot, generate: {length: 43, alphabet: hex}, soak: 1s, distribute: [{to: \
         files/client, path: payments, fields: {key: \"${{ steps.again.key }}\"}}]}\n  - id: seal\n",
    ),
    (&[codes::NO_LIFETIME], ROTATE, ", lifetime: 30d", ""),
    (&[codes::WAIT_TOO_LONG], ISSUE, "steps:\n", "steps:\n  - {id: pause, wait: {for: 30d}}\n"),
    (&[codes::WAIT_TOO_LONG], SIGNING, "{key: p256}", "{key: p256, lifetime: 30m}"),
    (
        &[codes::WAIT_TOO_LONG],
        ROTATE,
        "steps:\n",
        "windows: {allow: [\"SUN 02:00-04:00 UTC\"]}\nsteps:\n  - {id: pause, wait: {for: 3d}}\n",
    ),
    (
        &[codes::WAIT_TOO_LONG],
        ROTATE,
        "  expiry: {at: 2/3}\nsteps:\n",
        "  schedule: {cron: \"0 9 1,15 * *\", timezone: UTC}\nsteps:\n  - {id: pause, wait: {for: 13d}}\n",
    ),
    (&[codes::RUN_TOO_LONG], ROTATE, "soak: 2s", "soak: 20d"),
    (&[codes::RUN_TOO_LONG], ROTATE, "within: 10s", "within: 1y"),
    (&[codes::RUN_TOO_LONG], ROTATE, "  - id: seal\n", "  - {id: pause, wait: {for: 20d}}\n  - id: seal\n"),
    (
        &[codes::RUN_TOO_LONG],
        ROTATE,
        "  expiry: {at: 2/3}\nsteps:\n",
        "  schedule: {cron: \"0 9 * * *\", timezone: Europe/Berlin, jitter: 30m}\nsteps:\n  - {id: pause, wait: {for: 1350m}}\n",
    ),
    (&[codes::OUT_OF_RANGE], ROTATE, "soak: 2s\n", "soak: 2s\n    retry: {times: 10, wait: 100y}\n"),
];
