//! No material in anything that a connector says or keeps.

use std::fmt::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use countersign_contract::Connector;

use crate::Case;
use crate::world::{Tried, World};

/// Searches observation, receipt, manifest and the target's files for the material of the case.
pub(crate) async fn no_material(world: &World, case: &Case) -> Tried {
    let needles: Vec<Vec<u8>> = case.materials.values().flat_map(|material| needles(material)).collect();
    if needles.is_empty() && !case.call.materials.is_empty() {
        return Err("the case's material is too short to be searched for".to_owned());
    }
    let intent = world.intent(&case.call, case.undo.as_ref());
    let receipt = world.act(world.grant(&intent).await?).await?;
    let observation = world.observe(&intent).await?;
    let said = [
        ("receipt", format!("{receipt:?}")),
        ("observation", serde_json::to_string(&observation).map_err(|error| error.to_string())?),
        ("manifest", format!("{:?}", world.connector.manifest())),
    ];
    for (what, text) in said {
        if holds_any(text.as_bytes(), &needles) {
            return Err(format!("the {what} holds material"));
        }
    }
    let Some(folder) = &world.fixture.folder else { return Ok(()) };
    let holders = holders(folder, &needles).map_err(|error| format!("the folder was not searched: {error}"))?;
    match (world.fixture.delivers, holders.first()) {
        (false, Some(path)) => Err(format!("`{}` holds material", path.display())),
        (true, None) if !case.call.materials.is_empty() => Err("the delivered material was not found".to_owned()),
        (true, _) => holders.iter().try_for_each(|path| is_private(path)),
        (false, None) => Ok(()),
    }
}

/// What of a material is searched for: each long line of a text, the bytes, their hex.
fn needles(material: &[u8]) -> Vec<Vec<u8>> {
    let mut hex = String::new();
    for byte in material {
        let _ = write!(hex, "{byte:02x}");
    }
    let mut needles = vec![material.to_vec(), hex.into_bytes()];
    if let Ok(text) = std::str::from_utf8(material) {
        needles.extend(text.lines().filter(|line| !line.starts_with("-----")).map(|line| line.as_bytes().to_vec()));
    }
    needles.retain(|needle| needle.len() >= 16);
    needles
}

fn holds_any(bytes: &[u8], needles: &[Vec<u8>]) -> bool {
    needles.iter().any(|needle| bytes.windows(needle.len()).any(|window| window == needle.as_slice()))
}

/// The files below `folder` that hold a needle. Symbolic links are not followed.
fn holders(folder: &Path, needles: &[Vec<u8>]) -> std::io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() {
            found.extend(holders(&entry.path(), needles)?);
        } else if kind.is_file() && holds_any(&std::fs::read(entry.path())?, needles) {
            found.push(entry.path());
        }
    }
    Ok(found)
}

fn is_private(path: &Path) -> Tried {
    let mode = std::fs::symlink_metadata(path).map_err(|error| error.to_string())?.permissions().mode();
    if mode & 0o777 == 0o600 { Ok(()) } else { Err(format!("`{}` holds material with mode {mode:o}", path.display())) }
}
