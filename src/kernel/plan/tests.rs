#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use countersign_contract::{Limits, Parameter, ProbeAnswer, Strategy, Type};
use proptest::prelude::*;
use serde_json::json;

use super::fixture::{
    deprovision, files, issue, local, planned, planned_with, provision, revoke, rotate, rotate_published, rotate_role,
    snapshot as seen, snapshot_of as seen_of,
};
use super::snapshot::Live;
use super::*;
use crate::policy::{Condition, ConditionWords};
use crate::workflow::model::{
    AtMost, ForEach, Input, InputKind, OnImport, Part, Reference, StepKind, Template, Workflow,
};

fn ids(plan: &Plan) -> Vec<&str> {
    plan.moves.iter().map(|planned| planned.id.as_str()).collect()
}

#[test]
fn a_provision_delivers_last_and_can_be_undone_before() {
    let plan = planned(&provision(), 0).unwrap();
    assert_eq!(
        ids(&plan),
        [
            "gate.judge",
            "create.check",
            "create.seal",
            "create.create",
            "create.deliver",
            "create.activate",
            "seal.bind"
        ]
    );
    let acts: Vec<_> = plan.acts().map(|(_, act)| (act.call.verb.as_str(), act.pivot, act.undo.is_some())).collect();
    assert_eq!(acts, [("account_create", false, true), ("deliver", true, true)]);
    assert_eq!(plan.subject.attributes, BTreeMap::from([("level".to_owned(), json!("read"))]));
    let (_, deliver) = plan.acts().nth(1).unwrap();
    let material = deliver.call.materials.get("fields.key").unwrap();
    assert_eq!(material.to_string(), "local/account/reporting@1");
    assert_eq!(
        plan.resources.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["files/client/reporting", "local/account/reporting"]
    );
}

/// beh:R1 the edges of a rotation, in their order; beh:R2 sealed before the first call.
#[test]
fn a_rotation_disables_proves_and_only_then_removes() {
    let plan = planned(&rotate(), 1).unwrap();
    assert_eq!(
        ids(&plan),
        [
            "gate.judge",
            "rotate.check",
            "rotate.seal",
            "rotate.stage",
            "rotate.verify-1",
            "rotate.deliver",
            "rotate.activate",
            "rotate.adopt-1",
            "rotate.soak",
            "rotate.disable",
            "rotate.prove-dead",
            "rotate.remove",
            "rotate.retire",
            "seal.bind"
        ]
    );
    let (_, stage) = plan.acts().next().unwrap();
    let undo = stage.undo.as_ref().unwrap();
    assert_eq!((undo.verb.as_str(), &undo.parameters["version"]), ("key_remove", &json!("local/account/reporting@2")));
}

#[test]
fn an_issue_is_judged_before_it_is_delivered_and_its_last_delivery_is_the_pivot() {
    let plan = planned(&issue(), 0).unwrap();
    assert_eq!(
        ids(&plan),
        [
            "gate.judge",
            "issue.check",
            "issue.seal",
            "issue.sign",
            "issue.examine",
            "issue.deliver-1",
            "issue.deliver-2",
            "issue.activate",
            "seal.bind"
        ]
    );
    let acts: Vec<_> = plan.acts().map(|(_, act)| (act.pivot, act.undo.is_some())).collect();
    assert_eq!(acts, [(false, true), (false, true), (true, true)]);
}

/// beh:R5: the users take turns, so that nothing is removed: the locked one is the idle one of the next turn.
#[test]
fn an_alternating_rotation_locks_the_other_user_and_keeps_it() {
    let plan = planned(&rotate_role(Strategy::Alternating), 1).unwrap();
    let expected = [
        "gate.judge",
        "rotate.check",
        "rotate.seal",
        "rotate.stage",
        "rotate.verify-1",
        "rotate.deliver",
        "rotate.activate",
        "rotate.soak",
        "rotate.disable",
        "rotate.prove-dead",
        "rotate.retire",
        "seal.bind",
    ];
    assert_eq!(ids(&plan), expected);
    let acts: Vec<_> = plan.acts().map(|(_, act)| (act.call.verb.as_str(), act.pivot, act.undo.is_some())).collect();
    assert_eq!(acts, [("password_stage", false, true), ("deliver", true, true), ("user_lock", false, true)]);
}

/// A revocation cannot be taken back, and means the certificate that was in use when it was planned.
#[test]
fn a_revocation_means_the_certificate_of_the_plan() {
    let issuer: countersign_warrant::ResourceName = "local/ca/issuing".parse().unwrap();
    let mut snapshot = seen_of("local/certificate/reporting", 1);
    let mut above = seen_of("local/ca/issuing", 1).subject;
    above.current = Some(countersign_warrant::VersionId { subject: issuer.clone(), number: 1 });
    snapshot.issuers.insert(issuer, above);
    assert_eq!(planned_from(&revoke(false), &snapshot).unwrap_err().code(), "plan.subject_missing", "no serial");
    snapshot.subject.observation.attributes.insert("serial".to_owned(), json!("4a"));
    let plan = planned_from(&revoke(false), &snapshot).unwrap();
    let alone = ["gate.judge", "revoke.check", "revoke.revoke", "revoke.see-revoked", "revoke.step-down"];
    assert_eq!(ids(&plan), [&alone[..], &["revoke.retire", "seal.bind"]].concat());
    let (_, act) = plan.acts().next().unwrap();
    assert_eq!((act.pivot, &act.undo, &act.call.parameters["serial"]), (true, &None, &json!("4a")));
    let facts = |plan: &Plan, id: &str| match &plan.find(&id.parse().unwrap()).unwrap().does {
        Does::Check { facts } => facts.keys().cloned().collect::<Vec<_>>(),
        other => panic!("{other:?}"),
    };
    assert!(facts(&plan, "revoke.check").contains(&"serial".to_owned()));
    let plan = planned_from(&revoke(true), &snapshot).unwrap();
    let after: Vec<&str> = ids(&plan).into_iter().filter(|id| !id.starts_with("issue.")).collect();
    assert_eq!(
        after,
        ["allow.judge", "gate.judge", "revoke.check", "revoke.revoke", "revoke.see-revoked", "seal.bind"]
    );
    assert!(!facts(&plan, "revoke.check").iter().any(|name| name == "serial" || name == "current"));
}

/// beh:G12: the new key is published before it signs, the old one for as long as its tokens live; no verb but the delivery
/// sees a secret.
#[test]
fn a_published_key_is_known_before_it_signs_and_after_it_signed() {
    let plan = planned(&rotate_published(), 1).unwrap();
    let expected = [
        "gate.judge",
        "rotate.check",
        "rotate.seal",
        "rotate.stage",
        "rotate.verify-1",
        "rotate.propagate",
        "rotate.deliver",
        "rotate.activate",
        "rotate.soak",
        "rotate.disable",
        "rotate.prove-dead",
        "rotate.remove",
        "rotate.retire",
        "seal.bind",
    ];
    assert_eq!(ids(&plan), expected);
    let waits = plan.moves.iter().filter_map(|at| if let Does::Wait { ms } = at.does { Some(ms) } else { None });
    assert_eq!(waits.collect::<Vec<_>>(), [70, 50]);
    let shown: Vec<_> = plan.acts().map(|(_, act)| (act.call.verb.as_str(), act.call.materials.len())).collect();
    assert_eq!(shown, [("key_publish", 0), ("deliver", 1), ("key_withdraw", 0), ("key_forget", 0)]);
    let (_, publish) = plan.acts().next().unwrap();
    assert_eq!(publish.call.parameters["version"], json!("local/jwks/reporting@2"));
    assert_eq!(publish.call.parameters["request"], super::hole::hole(&"rotate".parse().unwrap(), "request"));
    assert_eq!(publish.undo.as_ref().unwrap().parameters["version"], json!("local/jwks/reporting@2"));
    assert_eq!(planned(&rotate_published(), 2).unwrap_err().code(), "plan.no_free_slot");
}

/// beh:R5, beh:R10: the old password is set again as long as nobody was given the new one; and there is no soak.
#[test]
fn a_rotation_in_place_can_be_undone_with_the_old_material() {
    let plan = planned(&rotate_role(Strategy::InPlace), 1).unwrap();
    let expected = [
        "gate.judge",
        "rotate.check",
        "rotate.seal",
        "rotate.replace",
        "rotate.verify-1",
        "rotate.deliver",
        "rotate.activate",
        "rotate.prove-dead",
        "rotate.retire",
        "seal.bind",
    ];
    assert_eq!(ids(&plan), expected);
    let (_, replace) = plan.acts().next().unwrap();
    let undo = replace.undo.as_ref().unwrap();
    let [old, new] = ["local/role/reporting@1", "local/role/reporting@2"];
    assert_eq!(
        (&replace.call.parameters["replaces"], replace.call.materials["key"].to_string()),
        (&json!(old), new.to_owned())
    );
    assert_eq!((&undo.parameters["replaces"], undo.materials["key"].to_string()), (&json!(new), old.to_owned()));
    assert_eq!(replace.downtime.as_deref(), Some("the import waits"));
    assert!(plan.acts().skip(1).all(|(_, act)| act.downtime.is_none()));
}

/// beh:N6: nothing that works is left when the subject goes, and until then all of it can be taken back.
#[test]
fn a_deprovision_disables_all_observes_and_only_then_removes() {
    let plan = planned(&deprovision(), 2).unwrap();
    let expected = [
        "gate.judge",
        "offboard.check",
        "offboard.disable-1",
        "offboard.disable-2",
        "offboard.prove-dead",
        "offboard.observe",
        "offboard.remove",
        "offboard.step-down",
        "offboard.retire",
        "seal.bind",
    ];
    assert_eq!(ids(&plan), expected);
    let acts: Vec<_> = plan.acts().map(|(_, act)| (act.call.verb.as_str(), act.pivot, act.undo.is_some())).collect();
    let expected = [("key_disable", false, true), ("key_disable", false, true), ("account_remove", true, false)];
    assert_eq!(acts, expected);
    assert_eq!(planned(&deprovision(), 0).unwrap_err().code(), "plan.subject_missing");
    let mut foreign = seen(2);
    foreign.subject.observation.slots[1].version = None;
    assert_eq!(planned_from(&deprovision(), &foreign).unwrap_err().code(), "plan.drift");
}

/// What a strategy needs of the target decides: a free slot, an idle user, or nothing.
#[test]
fn each_strategy_needs_its_own_room() {
    assert!(planned(&rotate_role(Strategy::InPlace), 2).is_ok());
    assert_eq!(planned(&rotate_role(Strategy::Alternating), 2).unwrap_err().code(), "plan.no_free_slot");
    let mut snapshot = seen_of("local/role/reporting", 2);
    snapshot.subject.observation.slots[1].enabled = false;
    assert!(planned_from(&rotate_role(Strategy::Alternating), &snapshot).is_ok(), "a locked user is idle");
    let mut taken = seen(2);
    taken.subject.observation.slots[1].enabled = false;
    assert_eq!(planned_from(&rotate(), &taken).unwrap_err().code(), "plan.no_free_slot");
    let unfit = planned(&rotate_role(Strategy::DualSlot), 1).unwrap_err();
    assert_eq!(unfit.to_string(), "connector `local` cannot rotate a `role` by `dual_slot`");
}

fn planned_from(workflow: &Workflow, snapshot: &Snapshot) -> Result<Plan, PlanError> {
    let (files, local) = (files(), local());
    let manifests = BTreeMap::from([("files".to_owned(), &files), ("local".to_owned(), &local)]);
    plan(workflow, TriggerKind::Request, &BTreeMap::new(), snapshot, &manifests)
}

#[test]
fn a_version_is_proved_alive_and_dead_by_the_probe_of_its_kind() {
    let mut local = local();
    local.probes[0].name = "authenticate";
    local.kinds[0].liveness = Some("authenticate");
    for verb in &mut local.verbs {
        verb.limits = Limits { duration_ms: if verb.name == "key_stage" { 300 } else { 700 }, lateness_ms: 60 };
    }
    let mut workflow = rotate();
    let StepKind::Rotate(step) = &mut workflow.steps[1].kind else { panic!("a rotation") };
    step.verify[0].probe = "authenticate".to_owned();
    let plan = planned_with(&workflow, 1, &local).unwrap();
    let asked: Vec<_> = plan
        .moves
        .iter()
        .filter_map(|planned| match &planned.does {
            Does::Probe { probe, expect, within_ms, with_material: true, .. } => {
                Some((&*probe.name, *expect, *within_ms))
            }
            _ => None,
        })
        .collect();
    let expected = [("authenticate", ProbeAnswer::Accepted, 360), ("authenticate", ProbeAnswer::Refused, 760)];
    assert_eq!(asked, expected);
    for liveness in [None, Some("login"), Some("key_used")] {
        local.kinds[0].liveness = liveness;
        let error = planned_with(&workflow, 1, &local).unwrap_err();
        let told =
            "connector `local` cannot prove a version of `account` dead: the kind has no probe that authenticates";
        assert_eq!((error.code(), error.to_string().as_str()), ("plan.unfit", told), "{liveness:?}");
    }
}

#[test]
fn adoption_is_asked_since_the_delivery_unless_the_workflow_says_since_when() {
    let since = |workflow: &Workflow| {
        let plan = planned(workflow, 1).unwrap();
        let Does::Probe { probe, .. } = plan.find(&"rotate.adopt-1".parse().unwrap()).unwrap().does.clone() else {
            panic!("a probe")
        };
        probe.parameters["since"].clone()
    };
    let mut workflow = rotate();
    let hole = json!({"$hole": {"step": "rotate", "output": "delivered_at", "type": "text"}});
    assert_eq!(since(&workflow), hole);
    if let StepKind::Rotate(step) = &mut workflow.steps[1].kind {
        step.adopted[0].parameters.insert("since".to_owned(), Template::Literal(json!("+1s")));
    }
    assert_eq!(since(&workflow), "+1s");
}

#[test]
fn every_act_is_covered_by_the_policy_step_of_its_action() {
    for (workflow, live) in [(provision(), 0), (rotate(), 1), (issue(), 0)] {
        let plan = planned(&workflow, live).unwrap();
        assert!(plan.acts().count() >= 2);
        assert!(plan.acts().all(|(_, act)| act.covered_by.len() == 1 && act.covered_by[0].as_str() == "gate"));
    }
}

#[test]
fn inv_i4_an_uncovered_act_has_no_plan() {
    let mut workflow = rotate();
    workflow.steps.retain(|step| !matches!(step.kind, StepKind::Policy(_)));
    let error = planned(&workflow, 1).unwrap_err();
    assert_eq!(error.code(), "workflow.uncovered_change");
}

#[test]
fn what_is_there_decides_what_can_be_planned() {
    assert_eq!(planned(&provision(), 1).unwrap_err().code(), "plan.subject_exists");
    assert_eq!(planned(&rotate(), 0).unwrap_err().code(), "plan.subject_missing");
    let full = planned(&rotate(), 2).unwrap_err();
    assert_eq!(full.to_string(), "`local/account/reporting` holds 2 live versions and takes 2: retire one first");
}

#[test]
fn inputs_are_typed_bounded_and_completed() {
    let mut workflow = provision();
    let inputs = &mut workflow.triggers.request.as_mut().unwrap().inputs;
    let level = InputKind::Word(vec!["read".to_owned(), "write".to_owned()]);
    inputs.insert("level".to_owned(), Input { kind: level, about: None, default: Some(json!("read")) });
    inputs.insert("days".to_owned(), Input { kind: InputKind::Integer { min: 1, max: 9 }, about: None, default: None });
    let given = |pairs: &[(&str, &str)]| {
        let given = pairs.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
        resolve_inputs(&workflow, &given, &Persons::new())
    };
    assert_eq!(
        given(&[("days", "3")]).unwrap(),
        BTreeMap::from([("days".to_owned(), json!(3)), ("level".to_owned(), json!("read"))])
    );
    assert_eq!(given(&[]).unwrap_err().to_string(), "input `days` is missing: give `--input days=...`");
    let mut more = workflow.clone();
    let person = Input { kind: InputKind::Person, about: None, default: None };
    more.triggers.request.as_mut().unwrap().inputs.insert("owner".to_owned(), person);
    assert_eq!(
        resolve_inputs(&more, &BTreeMap::new(), &Persons::new()).unwrap_err().to_string(),
        "inputs `days`, `owner` are missing: give `--input days=... --input owner=...`"
    );
    assert_eq!(
        given(&[("days", "10")]).unwrap_err().to_string(),
        "input `days` must be a whole number from 1 to 9, and `10` is not"
    );
    assert_eq!(given(&[("dais", "1")]).unwrap_err().code(), "plan.unknown_input");
    assert_eq!(given(&[("days", "1"), ("level", "root")]).unwrap_err().code(), "plan.wrong_input");
}

/// An input is text; what an instant comes from is held to its form before anything is planned.
#[test]
fn an_instant_that_comes_from_an_input_is_one() {
    const ATTRIBUTES: &[Parameter] = &[Parameter::optional("expires", Type::Instant, "when it ends")];
    let (files, mut local) = (files(), local());
    for kind in local.kinds.iter_mut().filter(|kind| kind.name == "account") {
        kind.attributes = ATTRIBUTES;
    }
    let mut workflow = provision();
    let StepKind::Provision(step) = &mut workflow.steps[1].kind else { panic!("no provisioning") };
    step.attributes = [("expires".to_owned(), Template::Whole(Reference::Input("until".to_owned())))].into();
    let planned = |until: &str| {
        let manifests = BTreeMap::from([("files".to_owned(), &files), ("local".to_owned(), &local)]);
        let inputs = BTreeMap::from([("until".to_owned(), json!(until))]);
        plan(&workflow, TriggerKind::Request, &inputs, &super::fixture::snapshot(0), &manifests)
    };
    for good in ["2027-03-01T00:00:00Z", "+90d"] {
        assert_eq!(planned(good).map(|_| ()), Ok(()), "{good}");
    }
    for bad in ["soon", "", "+90", "2027-03-01"] {
        let error = planned(bad).unwrap_err();
        assert_eq!(error.code(), "plan.wrong_value");
        assert_eq!(
            error.to_string(),
            format!(
                "`inputs.until` is `{bad}`, and `expires` takes an instant, such as `2027-03-01T00:00:00Z` or `+90d`"
            )
        );
    }
}

#[test]
fn stored_bytes_give_the_plan_back() {
    let plan = planned(&rotate(), 1).unwrap();
    let bytes = plan.to_bytes().unwrap();
    assert_eq!(Plan::from_bytes(&bytes).unwrap(), plan);
    let other = String::from_utf8(bytes).unwrap().replace("countersign/plan/v1", "countersign/plan/v9");
    assert!(Plan::from_bytes(other.as_bytes()).is_err());
}

proptest! {
    /// The order in which facts and inputs were inserted, or read back from JSON, leaves no trace in the digest.
    #[test]
    fn the_digest_does_not_depend_on_map_order(names in proptest::collection::vec("[a-z]{1,6}", 1..8), seed in 0_usize..100) {
        let digest = |names: &[String]| {
            let mut plan = planned(&rotate(), 1).unwrap();
            let text: Vec<String> = names.iter().map(|name| format!("\"{name}\":1")).collect();
            let unsorted: BTreeMap<String, serde_json::Value> =
                serde_json::from_str(&format!("{{{}}}", text.join(","))).unwrap();
            plan.inputs = unsorted;
            plan.digest().unwrap()
        };
        let mut turned = names.clone();
        turned.rotate_left(seed % names.len());
        prop_assert_eq!(digest(&names), digest(&turned));
    }
}

/// Persons are opaque ids in plans: named by the workflow or by the request, a person is looked up, never written down.
#[test]
fn a_plan_names_nobody() {
    let mut workflow = provision();
    let inputs = &mut workflow.triggers.request.as_mut().unwrap().inputs;
    let default = Some(json!("dana@example.com"));
    inputs.insert("owner".to_owned(), Input { kind: InputKind::Person, about: None, default });
    let StepKind::Provision(step) = &mut workflow.steps[1].kind else { panic!("a provision") };
    step.attributes.insert("owner".to_owned(), Template::Whole(Reference::Input("owner".to_owned())));
    step.attributes.insert("backup".to_owned(), Template::Person("lee@example.com".to_owned()));
    let given = BTreeMap::from([("owner".to_owned(), "kim@example.com".to_owned())]);
    let named = |given: &BTreeMap<String, String>| persons_of(&workflow, given).into_iter().collect::<Vec<_>>();
    assert_eq!(named(&BTreeMap::new()), ["dana@example.com", "lee@example.com"]);
    assert_eq!(named(&given), ["kim@example.com", "lee@example.com"]);
    let persons: Persons = named(&given).into_iter().map(|name| (name.clone(), format!("p_{}", name.len()))).collect();
    let inputs = resolve_inputs(&workflow, &given, &persons).unwrap();
    assert_eq!(inputs["owner"], "p_15");
    let snapshot = Snapshot { persons, ..seen(0) };
    let planned = plan(
        &workflow,
        TriggerKind::Request,
        &inputs,
        &snapshot,
        &BTreeMap::from([("files".to_owned(), &files()), ("local".to_owned(), &local())]),
    )
    .unwrap();
    assert_eq!(
        (&planned.subject.attributes["owner"], &planned.subject.attributes["backup"]),
        (&json!("p_15"), &json!("p_15"))
    );
    let bytes = String::from_utf8(planned.to_bytes().unwrap()).unwrap();
    assert!(!bytes.contains('@') || !bytes.contains("example.com"), "{bytes}");

    let nobody = BTreeMap::from([("owner".to_owned(), "kim".to_owned())]);
    let error = resolve_inputs(&workflow, &nobody, &Persons::from([("kim".to_owned(), "p_1".to_owned())])).unwrap_err();
    assert_eq!(error.code(), "plan.wrong_input");
}

/// The rotation, under a condition.
fn rotate_when(text: &str) -> Workflow {
    let manifest = local();
    let words = ConditionWords::new(manifest.connector, manifest.kind("account").unwrap(), &BTreeMap::new()).unwrap();
    let mut workflow = rotate();
    workflow.steps[1].when = Some(Condition::parse(text, &words).unwrap());
    workflow
}

#[test]
fn a_step_whose_condition_does_not_hold_is_left_out_and_named() {
    let whole = planned(&rotate(), 1).unwrap();
    let held = planned(&rotate_when("context.facts.live_versions == 1"), 1).unwrap();
    assert_eq!(held.moves, whole.moves);
    assert!(!String::from_utf8(held.to_bytes().unwrap()).unwrap().contains("skipped"));
    let plan = planned(&rotate_when("context.trigger == \"schedule\""), 1).unwrap();
    assert_eq!(ids(&plan), ["gate.judge", "seal.bind"]);
    assert_eq!(
        plan.skipped,
        [Skipped { step: "rotate".parse().unwrap(), when: "context.trigger == \"schedule\"".to_owned() }]
    );
    let Does::Evidence { attach, .. } = &plan.moves[1].does else { panic!("{:?}", plan.moves[1]) };
    assert_eq!(attach["steps.rotate.version"], json!(null));
    assert_eq!(plan.resources.len(), 1, "a sink that nothing is delivered to is not held");
    assert_eq!(Plan::from_bytes(&plan.to_bytes().unwrap()).unwrap(), plan);
}

#[test]
fn a_condition_that_cannot_be_evaluated_is_no_plan() {
    let text = "context.facts.live_versions * 9223372036854775807 > 0 && 9223372036854775807 + \
                context.facts.live_versions > 0";
    let error = planned(&rotate_when(text), 1).unwrap_err();
    assert_eq!(error.code(), "plan.condition");
    assert!(error.to_string().contains("`rotate`"), "{error}");
}

/// beh:R13: who touches what Countersign works with says so, of that and of nothing else, and delivers it where it is read.
#[test]
fn beh_r13_an_own_credential_is_touched_only_by_who_says_so() {
    let (local, files) = (local(), files());
    let manifests = BTreeMap::from([("local".to_owned(), &local), ("files".to_owned(), &files)]);
    let with = |own: &[(&str, &str)], is_said: bool| {
        let mut workflow = rotate();
        workflow.subject.own = is_said;
        let place = |sink: &str| {
            let (sink, field) = sink.split_once(' ').unwrap_or((sink, "key"));
            (sink.parse().unwrap(), field.to_owned())
        };
        let own = own.iter().map(|(subject, sink)| (subject.parse().unwrap(), place(sink))).collect();
        let snapshot = Snapshot { own, ..seen(1) };
        let plan = plan(&workflow, TriggerKind::Request, &BTreeMap::new(), &snapshot, &manifests);
        plan.map(|plan| plan.subject.own).map_err(|error| error.code())
    };
    let (subject, sink) = ("local/account/reporting", "files/client/reporting");
    assert_eq!(with(&[], false), Ok(false));
    assert_eq!(with(&[(subject, sink)], true), Ok(true));
    assert_eq!(with(&[], true), Err("plan.not_own"));
    assert_eq!(with(&[("local/account/other", sink)], true), Err("plan.not_own"));
    assert_eq!(with(&[(subject, "files/client/other")], true), Err("plan.own_elsewhere"));
    assert_eq!(with(&[(subject, "files/client/reporting id")], true), Err("plan.own_elsewhere"), "another field");
    assert_eq!(with(&[(subject, sink)], false), Err("plan.own_credential"));
    assert_eq!(with(&[(subject, "files/client/other")], false), Err("plan.own_credential"));
    assert_eq!(with(&[("local/account/other", sink)], false), Err("plan.own_credential"));
}

/// beh:R14: an import has no act, and falls due by its age, or after a while that differs from subject to subject.
#[test]
fn beh_r14_an_import_changes_nothing_and_never_falls_due_at_once() {
    let (local, files) = (local(), files());
    let manifests = BTreeMap::from([("local".to_owned(), &local), ("files".to_owned(), &files)]);
    let planned = |change: fn(&mut Snapshot), on_import: OnImport| {
        let mut snapshot = seen(1);
        (snapshot.subject.current, snapshot.subject.highest) = (None, 0);
        change(&mut snapshot);
        let workflow = Workflow { on_import, ..rotate() };
        import(&workflow, &Adopting::default(), &BTreeMap::new(), &snapshot, &manifests)
    };
    let plan = planned(|_| (), OnImport::Verify).unwrap();
    assert_eq!(ids(&plan), ["import.seal", "import.check", "import.verify", "import.activate", "seal.bind"]);
    assert_eq!(plan.acts().count(), 0);
    let silent = planned(|_| (), OnImport::Adopt).unwrap();
    assert_eq!(ids(&silent), ["import.seal", "import.check", "import.activate", "seal.bind"]);
    let until = |plan: &Plan| {
        plan.moves.iter().find_map(|at| match &at.does {
            Does::Activate { lifetime_secs, aged, .. } => Some((*lifetime_secs, *aged)),
            _ => None,
        })
    };
    assert_eq!(until(&plan), Some((Some(60), None)), "of unknown age: a whole lifetime");
    let made = |snapshot: &mut Snapshot| {
        snapshot.subject.observation.slots[0].created_at = Some(countersign_warrant::Timestamp::from_micros(5_000_000));
    };
    let (grace, aged) = until(&planned(made, OnImport::Verify).unwrap()).unwrap();
    assert!((6..=12).contains(&grace.unwrap()), "{grace:?}");
    let seconds = |aged: Aged| [aged.made_at, aged.due_at, aged.ends_at].map(|at| at.micros() / 1_000_000);
    assert_eq!(aged.map(seconds), Some([5, 65, 65]), "without `expiry` it is due when it ends");
    let refused = |change: fn(&mut Snapshot)| planned(change, OnImport::Verify).unwrap_err().code();
    assert_eq!(refused(|snapshot| snapshot.subject.current = seen(1).subject.current), "plan.adopted");
    assert_eq!(refused(|snapshot| snapshot.subject.observation.exists = false), "plan.not_there");
    assert_eq!(refused(|snapshot| snapshot.subject.observation = seen(2).subject.observation), "plan.which_version");
    assert_eq!(refused(|snapshot| snapshot.subject.observation.slots.clear()), "plan.which_version");
    assert_eq!(refused(|snapshot| snapshot.subject.observation.slots[0].version = None), "plan.unlabelled");
    assert_eq!(refused(|snapshot| snapshot.subject.highest = 1), "plan.version_known");
    let far = |snapshot: &mut Snapshot| {
        let version = snapshot.subject.observation.slots[0].version.as_mut().unwrap();
        version.number = u32::MAX - 1;
    };
    assert_eq!(refused(far), "plan.unfit");
    // What a run has left sealed that somebody let go of is taken over as it is sealed.
    let mut again = seen(1);
    (again.subject.current, again.subject.highest) = (None, 1);
    let version = again.subject.observation.slots[0].version.clone().unwrap();
    let adopting = |left| Adopting { left, ..Adopting::default() };
    let taken = |left| import(&rotate(), &adopting(left), &BTreeMap::new(), &again, &manifests);
    assert_eq!(taken(Vec::new()).unwrap_err().code(), "plan.version_known");
    let plan = taken(vec![version]).unwrap();
    assert_eq!(ids(&plan), ["import.check", "import.verify", "import.activate", "seal.bind"]);
    assert!(plan.is_import());
    let certificate = import(
        &issue(),
        &Adopting::default(),
        &BTreeMap::new(),
        &seen_of("local/certificate/reporting", 1),
        &manifests,
    );
    assert_eq!(certificate.unwrap_err().code(), "plan.unfit");
}

/// beh:T5: which subjects a run is for is in its digest, and they are not more than the workflow says.
#[test]
fn beh_t5_a_plan_for_each_subject_is_frozen_and_capped() {
    let (local, files) = (local(), files());
    let manifests = BTreeMap::from([("local".to_owned(), &local), ("files".to_owned(), &files)]);
    let there = |names: &[&str]| -> Vec<Snapshot> {
        names.iter().map(|name| seen_of(&format!("local/account/{name}"), 1)).collect()
    };
    let with = |at_most: AtMost, inventory: &[Snapshot]| {
        let mut workflow = deprovision();
        workflow.subject.name = Template::Literal(serde_json::Value::Null);
        workflow.subject.for_each = Some(ForEach { condition: None, at_most, together: 2, stop_after: 1 });
        each(&workflow, TriggerKind::Request, &BTreeMap::new(), (inventory.to_vec(), Vec::new()), &manifests)
    };
    let two = with(AtMost::Subjects(2), &there(&["a", "b"])).unwrap();
    assert_eq!(ids(&two), ["each", "seal.bind"]);
    assert_eq!(two.resources, ["countersign/workflow/offboard".parse().unwrap()]);
    let Does::Each { runs, left_out, .. } = &two.moves[0].does else { panic!("not for each") };
    assert!(left_out.is_empty());
    for (run, name) in runs.iter().zip(["a", "b"]) {
        assert_eq!(run.subject.resource.name(), name);
        let alone = planned_of(&deprovision(), &there(&[name])[0], &manifests);
        assert_eq!(
            run.digest().unwrap(),
            alone.digest().unwrap(),
            "each is the plan that its subject would have alone"
        );
    }
    let same = with(AtMost::Subjects(2), &there(&["a", "b"])).unwrap();
    assert_eq!(same.digest().unwrap(), two.digest().unwrap());
    assert_ne!(with(AtMost::Subjects(2), &there(&["a", "c"])).unwrap().digest().unwrap(), two.digest().unwrap());
    let bytes = two.to_bytes().unwrap();
    assert_eq!(Plan::from_bytes(&bytes).unwrap(), two);
    let code = |at_most, names: &[&str]| with(at_most, &there(names)).map(|_| ()).map_err(|error| error.code());
    assert_eq!(code(AtMost::Subjects(2), &["a", "b", "c"]), Err("plan.too_many"));
    assert_eq!(code(AtMost::Percent(60), &["a", "b", "c"]), Err("plan.too_many"));
    let words = |names: &[&str]| with(AtMost::Subjects(2), &there(names)).unwrap_err().to_string();
    assert_eq!(
        words(&["a", "b", "c"]),
        "3 of the 3 subjects that are there are selected (`local/account/a`, `local/account/b`, `local/account/c`), and \
         `at_most` is 2: narrow `where`, or raise it"
    );
    assert!(words(&["a", "b", "c", "d", "e"]).contains("`local/account/c` and 2 more), and"));
    assert_eq!(code(AtMost::Percent(1), &["a"]), Ok(()), "a part of a few is one");
    assert_eq!(code(AtMost::Subjects(9), &[]), Ok(()));
    let mut odd = there(&["a", "b"]);
    odd[1].subject.current = None;
    let plan = with(AtMost::Subjects(2), &odd).unwrap();
    let Does::Each { runs, left_out, .. } = &plan.moves[0].does else { panic!("not for each") };
    assert_eq!((runs.len(), left_out[0].code.as_str()), (1, "plan.subject_missing"));
}

fn planned_of(workflow: &Workflow, snapshot: &Snapshot, manifests: &Manifests<'_>) -> Plan {
    let bound = named(workflow, snapshot.subject.observation.resource.name());
    plan(&bound, TriggerKind::Request, &BTreeMap::new(), snapshot, manifests).unwrap()
}

/// beh:R5: what cannot be undone does not stand before the pivot.
#[test]
fn an_irreversible_act_before_the_pivot_is_no_plan() {
    let mut local = local();
    for verb in local.verbs.iter_mut().filter(|verb| verb.name == "key_stage") {
        verb.reversibility = countersign_contract::Reversibility::Irreversible;
    }
    let error = planned_with(&rotate(), 1, &local).unwrap_err();
    assert_eq!((error.code(), error.to_string().contains("rotate.stage")), ("plan.irreversible_before_pivot", true));
}

/// Two changes whose conditions both hold are no plan; under conditions of which one holds they are.
#[test]
fn a_second_change_is_planned_only_where_it_is_the_only_one() {
    let with = |first: Option<&str>, second: Option<&str>| {
        let mut workflow = rotate();
        let mut again = workflow.steps[1].clone();
        again.id = "again".parse().unwrap();
        if let StepKind::Rotate(step) = &mut again.kind {
            step.distribute[0].fields.clear();
        }
        again.after.insert("rotate".parse().unwrap());
        workflow.steps.insert(2, again);
        let condition = |text: &str| {
            let local = local();
            let words = ConditionWords::new("local", local.kind("account").unwrap(), &BTreeMap::new()).unwrap();
            Condition::parse(text, &words).unwrap()
        };
        workflow.steps[1].when = first.map(condition);
        workflow.steps[2].when = second.map(condition);
        planned(&workflow, 1).map(|_| ()).map_err(|error| error.code())
    };
    assert_eq!(with(None, None), Err("plan.second_change"));
    assert_eq!(with(Some("context.facts.exists"), Some("context.facts.live_versions == 1")), Err("plan.second_change"));
    assert_eq!(with(Some("context.facts.live_versions == 7"), None), Ok(()));
    assert_eq!(with(None, Some("context.facts.live_versions == 7")), Ok(()));
}

/// What inputs and names make of the paths is looked at once more: two deliveries of a run do not meet in one sink.
#[test]
fn deliveries_that_meet_are_no_plan() {
    let with = |path: &str| {
        let mut workflow = issue();
        if let StepKind::Issue(step) = &mut workflow.steps[1].kind {
            let name = Part::Reference(Reference::Subject("name".to_owned()));
            step.distribute[1].path = Template::Text(vec![name, Part::Text(path.to_owned())]);
        }
        planned(&workflow, 1).map(|_| ()).map_err(|error| (error.code(), error.to_string()))
    };
    let said = "`issue.deliver-2` would deliver to `files/client/reporting/b`, and a delivery before it goes to \
                `files/client/reporting`: give each a place of its own, none inside another";
    assert_eq!(with("/b"), Err(("plan.same_sink", said.to_owned())));
    assert_eq!(with("").map_err(|(code, _)| code), Err("plan.same_sink"));
    assert_eq!(with("-b"), Ok(()));
}

/// beh:R6 the age that policies and conditions see is the oldest working version's, not the current one's.
#[test]
fn while_two_versions_work_the_older_one_says_how_old_the_secret_is() {
    let at = |text: &str| Some(text.parse().unwrap());
    let mut snapshot = seen(2);
    let slots = &mut snapshot.subject.observation.slots;
    (slots[0].created_at, slots[1].created_at) = (at("2026-11-01T00:00:00Z"), at("2026-02-01T00:00:00Z"));
    let live = |snapshot: &Snapshot| {
        let live = Live::of(&snapshot.subject.observation.slots);
        let planned = Live::of_fact(&facts_of("rotate", &snapshot.subject, None)["slots"]).unwrap();
        assert_eq!((live.count, live.oldest_created_at), (planned.count, planned.oldest_created_at));
        (live.count, live.oldest_created_at)
    };
    assert_eq!(snapshot.subject.current.as_ref().unwrap().number, 1, "the current one is the younger one");
    assert_eq!(live(&snapshot), (2, at("2026-02-01T00:00:00Z")));
    snapshot.subject.observation.slots[1].enabled = false;
    assert_eq!(live(&snapshot), (1, at("2026-11-01T00:00:00Z")), "what is dead has no age");
    snapshot.subject.observation.slots[1].enabled = true;
    snapshot.subject.observation.slots[1].created_at = None;
    assert_eq!(live(&snapshot), (2, None), "one whose age nobody knows may be older than any");
}
