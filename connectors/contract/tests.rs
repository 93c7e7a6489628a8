//! What a connector cannot even write down.

/// `act` without a warrant, without a receipt; a receipt out of nothing; the mint and the journal by name.
// inv:I1
#[test]
fn inv_i1_a_connector_acts_only_on_a_warrant() {
    trybuild::TestCases::new().compile_fail("ui/*.rs");
}
