/// Returns twice `n`.
pub fn double(n: u32) -> u32 {
    n + n
}
