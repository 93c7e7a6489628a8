//! Plain material in memory: never printed, never copied, wiped when dropped.

use zeroize::Zeroizing;

/// Secret bytes. There is no `Debug`, `Display`, `Clone` or `Serialize`; the bytes are lent to a closure only.
///
/// ```compile_fail
/// let material = countersign_contract::Material::new(vec![1]);
/// println!("{material:?}");
/// ```
pub struct Material(Zeroizing<Box<[u8]>>);

impl Material {
    /// Takes the bytes over. Give a vector of exact capacity, so that no copy is left behind.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes.into_boxed_slice()))
    }

    /// Lends the bytes.
    pub fn expose<T>(&self, use_bytes: impl FnOnce(&[u8]) -> T) -> T {
        use_bytes(&self.0)
    }

    /// How many bytes there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// True when there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
