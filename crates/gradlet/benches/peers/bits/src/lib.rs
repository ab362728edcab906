//! The inputs of the programs that ask for the same bits, and the digests that they print.
//!
//! All numbers are multiples of 2^-26 below 1, which every processor computes exactly.

use harness::uniform;

/// Samples in a batch of the net that is trained.
pub const BATCH: usize = 32;
/// Steps of that training, at [`LEARNING_RATE`].
pub const STEPS: usize = 10;
pub const LEARNING_RATE: f64 = 0.1;

/// A layer's first weights.
pub struct Layer {
    pub inputs: usize,
    pub outputs: usize,
    /// `[outputs, inputs]`
    pub weight: Vec<f32>,
    /// `[outputs]`
    pub bias: Vec<f32>,
}

impl Layer {
    pub fn new(seed: u64, inputs: usize, outputs: usize) -> Self {
        let small = |seed, n| uniform(seed, n).iter().map(|x| x / 8.0).collect();
        Self {
            inputs,
            outputs,
            weight: small(seed, inputs * outputs),
            bias: small(seed + 1, outputs),
        }
    }

    /// The weight as `[inputs, outputs]`.
    pub fn transposed_weight(&self) -> Vec<f32> {
        transposed(&self.weight, self.inputs)
    }
}

/// A matrix with its rows as columns.
pub fn transposed(matrix: &[f32], columns: usize) -> Vec<f32> {
    (0..columns)
        .flat_map(|column| matrix.iter().skip(column).step_by(columns).copied())
        .collect()
}

/// Two layers with nothing between them, for one row of 100 numbers.
pub fn linear() -> [Layer; 2] {
    [Layer::new(10, 100, 100), Layer::new(12, 100, 1)]
}

/// The two layers of the net that is trained, which has a ReLU between them.
pub fn classifier() -> [Layer; 2] {
    [Layer::new(20, 64, 128), Layer::new(22, 128, 10)]
}

/// One layer for 128 rows, large enough that frameworks split its product between threads.
pub fn wide() -> Layer {
    Layer::new(30, 784, 512)
}

/// `[rows, columns]` numbers in [-1, 1).
pub fn rows(rows: usize, columns: usize) -> Vec<f32> {
    uniform(1, rows * columns)
}

/// The class of each sample of the batch.
pub fn labels() -> impl Iterator<Item = u32> {
    (0..BATCH as u32).map(|i| i % 10)
}

/// FNV-1a with 64 bits over the numbers' bytes, the lowest first.
///
/// Source: <https://datatracker.ietf.org/doc/html/draft-eastlake-fnv>
pub fn digest(numbers: &[f32]) -> u64 {
    let bytes = numbers.iter().flat_map(|x| x.to_le_bytes());
    bytes.fold(0xCBF2_9CE4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3)
    })
}

/// What a framework computed.
pub struct Results {
    /// The output of [`linear`].
    pub linear: Vec<f32>,
    /// The output of [`wide`].
    pub wide: Vec<f32>,
    /// Weight, bias, weight, bias after the training, the weights as `[outputs, inputs]`.
    pub trained: [Vec<f32>; 4],
    /// The loss of the last step.
    pub loss: f32,
    /// The trained net's output for the batch.
    pub batch: Vec<f32>,
    /// Its output for each row of the batch alone, one behind the other.
    pub alone: Vec<f32>,
}

impl Results {
    /// Prints a digest of the inputs, one of each result, and how many rows are the same alone and in the batch.
    pub fn print(&self) {
        let [first, second] = classifier();
        let layers = [first.weight, first.bias, second.weight, second.bias];
        let inputs = [rows(BATCH, 64), layers.concat()].concat();
        println!("inputs   {:016x}", digest(&inputs));
        println!(
            "linear   {:016x} {:.5}",
            digest(&self.linear),
            self.linear[0]
        );
        println!("wide     {:016x} {:.5}", digest(&self.wide), self.wide[0]);
        println!(
            "training {:016x} {:.5}",
            digest(&self.trained.concat()),
            self.loss
        );
        let bits = |row: &[f32]| row.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
        let pairs = self.batch.chunks(10).zip(self.alone.chunks(10));
        let same = pairs.filter(|(a, b)| bits(a) == bits(b)).count();
        println!("rows     {same} of {BATCH} the same alone");
    }
}
