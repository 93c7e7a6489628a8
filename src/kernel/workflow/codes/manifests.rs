//! Codes of names that settings and the connectors' manifests resolve.

use super::{Example, ISSUE, PROVISION, Page, ROBOT, ROTATE};

codes! {
    UNKNOWN_CONNECTOR = "workflow.unknown_connector", "Settings name no such connector.",
        why "A workflow names a connector instance as `settings.toml` does. Correct the name, or lint with the settings \
             that have it (`--settings FILE`).",
        Example::change(ROTATE, "subject: {connector: local", "subject: {connector: locla");
    UNKNOWN_KIND = "workflow.unknown_kind", "The connector knows no such kind of subject.",
        why "Which kinds there are stands in the connector's manifest; a sink is no subject.",
        Example::change(PROVISION, "kind: account", "kind: acount");
    UNKNOWN_PLACE = "workflow.unknown_place", "Settings name no such place, or give it to another connector.",
        why "Workflows name places, and settings say what they stand for on each machine. Correct the name, or declare \
             the place under `[places]`.",
        Example::change(ROTATE, "to: files/client", "to: files/clinet");
    UNKNOWN_PROBE = "workflow.unknown_probe", "The connector has no such probe for the subject.",
        why "A check that does not exist would never fail. Which probes there are for which kind stands in the \
             connector's manifest.",
        Example::change(ROTATE, "probe: key_used", "probe: keys_used");
    UNKNOWN_ATTRIBUTE = "workflow.unknown_attribute",
        "The kind has no such attribute, or the probe no such parameter.",
        why "What the target would ignore is refused, so that nobody believes in a limit that is not there.",
        Example::change(PROVISION, "purpose: payments", "purpose: payments\n        colour: red");
    UNKNOWN_VERB = "workflow.unknown_verb", "`uses` names no verb that is called by itself, or a test of policies none of a connector.",
        why "`uses` is for what no step of its own does: to take a leftover secret out of use, or to put it back. What makes \
             or delivers a secret, or ends the subject, is a step (`rotate`, `deprovision`), which keeps the order that is \
             safe. A test asks about a `verb` that a manifest has: policy is never asked about another one.",
        Example::change(
            ROTATE,
            "  - id: seal\n",
            "  - {id: off, uses: local/key_stage}\n  - id: seal\n"
        );
    NO_SUCH_PART = "workflow.no_such_part", "The connector cannot do this with the kind.",
        why "Each kind says what can be done with it: accounts are provisioned and rotated, certificates are issued, and \
             only sinks are delivered to.",
        Example::change(ROTATE, "to: files/client", "to: local/client");
    STRATEGY = "workflow.strategy", "The strategy does not fit the kind.",
        why "The strategy says how the old secret and the new one live together. `dual_slot` and `alternating` keep the \
             old one working through a `soak`, until the new one is seen in use, and so need a target that takes both; \
             `in_place` replaces it at once, cannot soak, and must say with `downtime` who has to wait; `versioned` is for \
             keys whose public halves are published, and says with `cache` and `token_lifetime` how long they are needed.",
        Example::change(
            ROBOT,
            "    policy: {action: provision}\n  - id: robot\n    provision:\n      attributes: {arms: 2}\n",
            "    policy: {action: rotate}\n  - id: robot\n    rotate:\n      strategy: dual_slot\n      soak: 24h\n"
        );
    BAD_ISSUER = "workflow.bad_issuer", "The issuer cannot sign this certificate.",
        why "An issuer is a certificate authority of the same connector, with a key of its own.",
        Example::change(ISSUE, "issuer: local/ca/issuing", "issuer: local/account/payments");
}
