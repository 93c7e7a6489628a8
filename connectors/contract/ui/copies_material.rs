//! Material is neither copied nor shown.
use countersign_contract::Material;

fn copy(material: &Material) -> Material {
    material.clone()
}

fn show(material: &Material) -> String {
    format!("{material:?}")
}

fn main() {}
