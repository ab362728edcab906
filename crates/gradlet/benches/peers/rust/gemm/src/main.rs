//! The matmul workloads on the pure-Rust GEMM crates.
//!
//! The product goes into a matrix allocated once, outside the timed region; the frameworks allocate theirs each time.

mod crates;

use std::hint::black_box;

use harness::{Args, Bench, uniform};

/// C = A B, or A B^T where `transposed`; all square, row-major.
struct Product<'a> {
    n: usize,
    a: &'a [f32],
    b: &'a [f32],
    c: &'a mut [f32],
    transposed: bool,
}

impl Product<'_> {
    /// Strides of the right factor's rows and columns.
    fn right_strides(&self) -> (isize, isize) {
        let n = self.n as isize;
        if self.transposed { (1, n) } else { (n, 1) }
    }

    /// Panics if one of a few elements of C is wrong.
    fn check(&self, peer: &str) {
        let n = self.n;
        let (row, column) = self.right_strides();
        let b = |k: usize, j: usize| self.b[k * row as usize + j * column as usize];
        for (i, j) in [(0, 0), (n - 1, 3), (7, n - 1), (n / 2, n / 3)] {
            let want: f64 = (0..n)
                .map(|k| f64::from(self.a[i * n + k]) * f64::from(b(k, j)))
                .sum();
            let got = f64::from(self.c[i * n + j]);
            let tolerance = 1e-3 * (n as f64).sqrt();
            assert!((want - got).abs() < tolerance, "{peer}: {got}, not {want}");
        }
    }
}

fn products(bench: &Bench, peer: &str, multiply: fn(&mut Product, usize)) {
    for n in [64, 256, 512, 1024, 2048] {
        for kind in ["matmul", "matmul_nt"] {
            let name = format!("{kind}_{n}");
            if !bench.wants(&name) || (kind == "matmul_nt" && n != 512 && n != 1024) {
                continue;
            }
            let (a, b, mut c) = (uniform(1, n * n), uniform(2, n * n), vec![0.0; n * n]);
            let mut product = Product {
                n,
                a: &a,
                b: &b,
                c: &mut c,
                transposed: kind == "matmul_nt",
            };
            multiply(&mut product, bench.args.threads);
            product.check(peer);
            bench.run(&name, || {
                multiply(&mut product, bench.args.threads);
                black_box(&mut product.c);
            });
        }
    }
}

fn main() {
    let args = Args::parse();
    let backend = args.backend.clone();
    let (version, multiply): (_, fn(&mut Product, usize)) = match backend.as_str() {
        "gemm" => ("0.19.0", crates::with_gemm),
        "faer" => ("0.24.4", crates::with_faer),
        "private-gemm-x86" => ("0.1.22", crates::with_private_gemm),
        "matrixmultiply" => ("0.3.11", crates::with_matrixmultiply),
        other => {
            panic!("--backend is gemm, faer, private-gemm-x86 or matrixmultiply, not {other:?}")
        }
    };
    products(&Bench::new(&backend, version, args), &backend, multiply);
}
