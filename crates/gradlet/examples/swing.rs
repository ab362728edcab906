use gradlet::prelude::*;
use std::time::{Duration, Instant};
fn main() -> Result<()> {
    let mut rng = gradlet::rng(42);
    let a = Tensor::<f32>::uniform([128, 784], 0.0, 1.0, &mut rng)?;
    let b = Tensor::<f32>::uniform([784, 512], 0.0, 1.0, &mut rng)?;
    let nap: u64 = std::env::args().nth(1).unwrap().parse().unwrap();
    let start = Instant::now();
    let mut w = 0;
    while start.elapsed().as_secs_f64() < 2.0 {
        let p0 = gradlet::tensor::threads::parts_run();
        let t = Instant::now();
        let mut n = 0;
        while t.elapsed().as_secs_f64() < 0.1 {
            let _ = a.matmul(&b)?;
            n += 1;
        }
        let e = t.elapsed().as_secs_f64() * 1e6 / n as f64;
        let p1 = gradlet::tensor::threads::parts_run();
        let h = p1.get(1).unwrap_or(&0) - p0.get(1).unwrap_or(&0);
        let c = p1[0] - p0[0];
        print!("{:.0}({:.0}%) ", e, 100.0 * h as f64 / (h + c) as f64);
        w += 1;
        if nap > 0 && w % 10 == 0 {
            std::thread::sleep(Duration::from_millis(nap));
            print!("| ");
        }
    }
    println!();
    Ok(())
}
