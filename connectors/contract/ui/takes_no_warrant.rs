//! A connector whose `act` takes no warrant.
use countersign_contract::{
    BoxFuture, Connector, Cursor, Eyes, Hands, Manifest, Material, Observation, ObserveError, Page, Probe, ProbeResult,
    Receipt, Scope, Subject,
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
    fn act(&self, _: Hands) -> BoxFuture<'_, Receipt> {
        unreachable!()
    }
}

fn main() {}
