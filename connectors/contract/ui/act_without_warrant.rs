//! A call of `act` without a warrant.
use countersign_contract::{Connector, Hands};

fn call(connector: &dyn Connector, hands: Hands) {
    let _ = connector.act(hands);
}

fn main() {}
