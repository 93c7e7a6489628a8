//! A connector whose `act` gives no receipt for its warrant.
use countersign_contract::{
    BoxFuture, Connector, Cursor, Eyes, Hands, Manifest, Material, Observation, ObserveError, Page, Probe, ProbeResult,
    Receipt, Scope, Subject, Warrant,
};

struct Rogue;

impl Connector for Rogue {
    fn manifest(&self) -> &Manifest {
        unreachable!()
    }
    fn list<'a>(&'a self, _: &'a Scope, _: Eyes, _: Option<Cursor>) -> BoxFuture<'a, Result<Page, ObserveError>> {
        unreachable!()
    }
    fn observe<'a>(&'a self, _: &'a Subject, _: Eyes) -> BoxFuture<'a, Result<Observation, ObserveError>> {
        unreachable!()
    }
    fn probe<'a>(&'a self, _: &'a Probe, _: Option<Material>) -> BoxFuture<'a, ProbeResult> {
        unreachable!()
    }
    fn act(&self, warrant: Warrant, _: Hands) -> BoxFuture<'_, Receipt> {
        Box::pin(async move { drop(warrant) })
    }
}

fn main() {}
