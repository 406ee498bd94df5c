//! What nobody may guess, from the source of randomness of the operating system.

use tonic::Status;

/// How many digits a picture has.
const DIGITS: u32 = 4;

/// A fresh code.
pub fn code() -> Result<String, Status> {
    let codes = 10_u64.pow(DIGITS);
    // 2^64 is no multiple of 10,000. By so little some codes are more frequent that nobody could tell.
    Ok(format!("{:04}", seed()? % codes))
}

/// Where the noise of a picture comes from.
pub fn seed() -> Result<u64, Status> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).map_err(|_| Status::internal("there is no randomness"))?;
    Ok(u64::from_le_bytes(bytes))
}

/// A name that nobody else has.
pub fn name() -> Result<String, Status> {
    Ok(format!("{:016x}{:016x}", seed()?, seed()?))
}
