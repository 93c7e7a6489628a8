#![allow(clippy::unwrap_used)]

use std::sync::Mutex;

use countersign_contract::{Applied, Call, Digest, Intent, Limits, Origin, Outcome};
use countersign_warrant::{
    Allowed, Basis, Decision, Entry, Fence, Journal, JournalError, Mint, RunId, Stamped, Timestamp, Verdict,
};

use super::*;
use crate::folder::Folder;
use crate::secrets::{Algorithm, Maker, TextRule};

/// Keeps entries in memory.
#[derive(Debug, Default)]
struct Memory(Mutex<Vec<Stamped>>);

impl Memory {
    fn write(&self, entries: Vec<Entry>) -> Vec<Stamped> {
        let mut all = self.0.lock().unwrap();
        let at = Timestamp::from_micros(1_795_000_000_000_000);
        let stamp = |entry: Entry| Stamped {
            id: entry.id().clone(),
            kind: entry.kind(),
            at,
            predicate: entry.predicate().clone(),
            index: None,
        };
        let stamped: Vec<Stamped> = entries.into_iter().map(stamp).collect();
        all.extend(stamped.clone());
        stamped
    }
}

impl Journal for Memory {
    async fn commit(&self, _fence: Fence, entries: Vec<Entry>) -> Result<Vec<Stamped>, JournalError> {
        Ok(self.write(entries))
    }

    async fn append(&self, entries: Vec<Entry>) -> Result<Vec<Stamped>, JournalError> {
        Ok(self.write(entries))
    }

    async fn load(&self, _run: RunId) -> Result<Vec<Stamped>, JournalError> {
        Ok(self.0.lock().unwrap().clone())
    }
}

fn version(text: &str) -> VersionId {
    text.parse().unwrap()
}

fn intent(materials: &[(&str, &str)]) -> Intent {
    let call = Call {
        connector: "local".to_owned(),
        verb: "key_stage".to_owned(),
        resource: "local/account/reporting".parse().unwrap(),
        parameters: BTreeMap::new(),
        materials: materials.iter().map(|(name, of)| ((*name).to_owned(), version(of))).collect(),
        limits: Limits { duration_ms: 50, lateness_ms: 0 },
    };
    Intent {
        entry: "r1/4".parse().unwrap(),
        step: "rotate.stage".parse().unwrap(),
        action: "rotate".to_owned(),
        subject: "local/account/reporting".parse().unwrap(),
        plan: Digest::of(b"plan"),
        call,
        facts: BTreeMap::new(),
        undo: None,
        attempt: 1,
        origin: Origin::Plan,
    }
}

async fn warrant(mint: &Mint<Memory>, materials: &[(&str, &str)]) -> Warrant {
    let digest = Digest::of(b"");
    let decision = Decision {
        verdict: Verdict::Allow,
        code: "policy.allowed".to_owned(),
        policies: Vec::new(),
        reasons: Vec::new(),
        errors: Vec::new(),
        controls: Vec::new(),
        basis: Basis { policies: digest, schema: digest, entities: digest, request: digest },
        shadow: None,
    };
    let allowed = Allowed::judged(intent(materials), decision, "r1/3".parse().unwrap()).unwrap();
    let fence = Fence { run: "r1".parse().unwrap(), epoch: 1 };
    mint.grant(allowed, Vec::new(), fence).await.unwrap().0
}

fn keys() -> Arc<Keys> {
    let home = tempfile::tempdir().unwrap();
    let (folder, lock) = Folder::create(home.path(), "quickstart", Timestamp::from_micros(1)).unwrap();
    Arc::new(Keys::make_missing(&folder, &lock).unwrap())
}

/// Two versions of one subject, sealed, with an opener for the warrants of a mint.
struct Bench {
    mint: Mint<Memory>,
    opener: Opener,
    first: Sealed,
    second: Sealed,
}

impl Bench {
    fn new() -> Self {
        let keys = keys();
        let (mint, mark) = Mint::new(Arc::new(Memory::default()));
        let maker = Maker::new(Arc::clone(&keys));
        let rule = TextRule::new(43, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", &[]).unwrap();
        let [first, second] = ["local/account/reporting@1", "local/account/reporting@2"]
            .map(|of| maker.text(&version(of), &rule).unwrap());
        Self { mint, opener: Opener::new(mark, keys), first, second }
    }

    fn hands(&self, warrant: &Warrant, brought: &[(&str, &Sealed)]) -> Result<(Hands, KeptSlot), HandsError> {
        let row = |(name, of): &(&str, &Sealed)| ((*name).to_owned(), (of.version.clone(), Arc::clone(&of.blob)));
        let sealed = brought.iter().map(row).collect();
        self.opener.hands(warrant, sealed, version("local/account/reporting@3"), None)
    }
}

fn end(warrant: Warrant) {
    drop(warrant.settle(Outcome::Done(Applied::default())));
}

const NEW: (&str, &str) = ("key", "local/account/reporting@2");

#[tokio::test]
async fn a_warrant_opens_what_it_names_and_nothing_else() {
    let bench = Bench::new();
    let warrant = warrant(&bench.mint, &[NEW]).await;
    let (hands, _) = bench.hands(&warrant, &[("key", &bench.second)]).unwrap();
    let opened = hands.material("key").ok().unwrap();
    assert_eq!(opened.len(), 43);
    assert_eq!(bench.opener.keys.fingerprint.of(&opened), bench.second.fingerprint);
    let probed = bench.opener.probe_material(&bench.second.version, &bench.second.blob).ok().unwrap();
    assert!(probed.expose(|probed| opened.expose(|opened| probed == opened)));
    let missing = hands.material("old").err().unwrap();
    assert_eq!(missing, OpenMaterialError::NotNamed("old".to_owned()));
    end(warrant);
}

#[tokio::test]
async fn a_warrant_of_another_mint_opens_nothing() {
    let (bench, other) = (Bench::new(), Bench::new());
    let foreign = warrant(&other.mint, &[NEW]).await;
    let own = warrant(&bench.mint, &[NEW]).await;
    let refused = bench.hands(&foreign, &[("key", &bench.second)]).err().unwrap();
    assert_eq!(refused.code(), "hands.foreign_warrant");
    assert!(bench.hands(&own, &[("key", &bench.second)]).is_ok());
    end(foreign);
    end(own);
}

#[tokio::test]
async fn other_materials_than_the_call_names_are_refused() {
    let bench = Bench::new();
    let warrant = warrant(&bench.mint, &[NEW]).await;
    let (first, second) = (&bench.first, &bench.second);
    for wrong in [vec![], vec![("key", first)], vec![("other", second)], vec![("key", second), ("old", first)]] {
        let refused = bench.hands(&warrant, &wrong).err().unwrap();
        assert_eq!(refused.code(), "hands.other_materials", "{refused}");
    }
    let sealed = BTreeMap::from([("key".to_owned(), (second.version.clone(), Arc::clone(&second.blob)))]);
    let refused = bench.opener.hands(&warrant, sealed, version("local/account/other@1"), None).err().unwrap();
    assert_eq!(refused.code(), "hands.other_subject");
    end(warrant);
}

#[tokio::test]
async fn a_blob_under_another_versions_name_does_not_open() {
    let bench = Bench::new();
    let warrant = warrant(&bench.mint, &[NEW]).await;
    let swapped = Sealed { blob: Arc::clone(&bench.first.blob), ..bench.second.clone() };
    let (hands, _) = bench.hands(&warrant, &[("key", &swapped)]).unwrap();
    assert!(matches!(hands.material("key"), Err(OpenMaterialError::Sealed { .. })));
    let refused = bench.opener.probe_material(&swapped.version, &swapped.blob);
    assert_eq!(refused.err(), Some(OpenError::Altered));
    end(warrant);
}

#[tokio::test]
async fn what_a_provider_made_is_kept_sealed_once_and_survives_the_hands() {
    let bench = Bench::new();
    let warrant = warrant(&bench.mint, &[]).await;
    let (mut hands, slot) = bench.hands(&warrant, &[]).unwrap();
    assert!(slot.take().is_none());
    let kept = hands.keep(Material::new(b"made by the provider".to_vec())).unwrap();
    assert!(matches!(hands.keep(Material::new(b"a second".to_vec())), Err(OpenMaterialError::NotKept { .. })));
    drop(hands);
    let sealed = slot.take().unwrap();
    assert_eq!((&sealed.version, &kept), (&version("local/account/reporting@3"), &sealed.version));
    let opened = bench.opener.probe_material(&kept, &sealed.blob).ok().unwrap();
    assert!(opened.expose(|bytes| bytes == b"made by the provider"));
    assert!(slot.take().is_none());
    end(warrant);
}

#[test]
fn nothing_printable_holds_material() {
    let bench = Bench::new();
    let maker = Maker::new(Arc::clone(&bench.opener.keys));
    let pair = maker.key_pair(&version("local/ca/root@1"), Algorithm::P256, Some("Example root")).unwrap();
    for sealed in [&bench.first, &pair] {
        let plain = bench.opener.probe_material(&sealed.version, &sealed.blob).ok().unwrap();
        let shown = format!(
            "{sealed:?} {:?} {maker:?} {:?}",
            bench.opener,
            KeptSlot(Arc::new(Mutex::new(Some(sealed.clone()))))
        );
        assert!(shown.contains(&sealed.fingerprint));
        plain.expose(|bytes| {
            assert!(!shown.contains(&*String::from_utf8_lossy(bytes)));
            assert!(!shown.contains(&crate::secrets::hex(bytes)));
            assert!(!shown.contains(&format!("{bytes:?}")));
        });
    }
    assert!(bench.first.public.contains_key("verifier") && pair.public.contains_key("request"));
}
