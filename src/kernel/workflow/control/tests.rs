//! Controls that are there, and slips in each framework with what is told of them.

use super::control_fault;

#[test]
fn controls_that_are_there_are_taken() {
    for known in [
        "nist-800-53r5:ia-5",
        "nist-800-53r5:ac-25",
        "nist-800-53r5:ac-6(9)",
        "nist-800-53r5:ia-13",
        "owasp-nhi-2025:nhi10",
        "pci-dss-4.0.1:8",
        "pci-dss-4.0.1:8.6",
        "pci-dss-4.0.1:8.6.3",
        "pci-dss-4.0.1:9.5.1.2.1",
        "pci-dss-4.0.1:12.10.4.1",
        "x-bank:ia-99",
    ] {
        assert_eq!(control_fault(known), None, "{known}");
    }
}

#[test]
fn slips_are_told_with_what_is_there() {
    let told = [
        "ia-5",
        ":ia-5",
        "nist-800-53r5:",
        "nist-900:ia-5",
        "nist-800-53r4:ia-5",
        "nist-800-53r5:ac-66",
        "nist-800-53r5:AC-6",
        "nist-800-53r5:ac-06",
        "nist-800-53r5:ac-6(x)",
        "nist-800-53r5:zz-1",
        "owasp-nhi-2025:nhi11",
        "pci-dss-4.0.1:13.1",
        "pci-dss-4.0.1:8.6.33",
        "pci-dss-4.0.1:8.6.3.1",
        "pci-dss-4.0.1:10.4.1.2",
        "pci-dss-4.0.1:8.06",
    ]
    .map(|text| {
        let fault = control_fault(text).unwrap();
        format!("{text}{}\n  {}\n  {}\n", if fault.is_shape { " (shape)" } else { "" }, fault.message, fault.help)
    });
    insta::assert_snapshot!(told.concat());
    assert!(control_fault(&format!("x-bank:{}", "a".repeat(200))).is_some_and(|fault| fault.is_shape));
}
