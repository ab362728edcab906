//! NumPy reads the arrays that gradlet writes, and gradlet those of NumPy, in every type, shape and order.
//!
//! `GRADLET_PYTHON` names a Python that has `numpy`; without it, `python3` is asked.

use std::error::Error;

use gradlet::io::{npy, npz};
use gradlet::prelude::*;
use gradlet::{AnyTensor, State};
use gradlet_tests::files::Scratch;
use gradlet_tests::python;

#[test]
fn numpy_and_gradlet_read_each_others_arrays() -> Result<(), Box<dyn Error>> {
    let mut arrays = State::new();
    arrays.insert("truth", tensor![bool; true, false, true]);
    arrays.insert("byte", tensor![u8; 0, 255]);
    arrays.insert("int", tensor![i32; [i32::MIN, i32::MAX]]);
    arrays.insert("long", Tensor::scalar(i64::MIN));
    arrays.insert("count", tensor![u64; u64::MAX]);
    arrays.insert("float", tensor![[1.5, -2.0], [3.0, 0.1]].t()?);
    arrays.insert("double", tensor![f64; 0.1, -0.0, f64::INFINITY]);
    arrays.insert("empty", Tensor::zeros([0, 3])?);
    let folder = Scratch::new("data-numpy");
    npz::write(folder.file("ours.npz"), &arrays)?;
    npy::write(folder.file("ours.npy"), arrays.get::<f32>("float")?)?;
    if python::run("numpy", include_str!("src/data_files.py"), &folder)?.is_none() {
        return Ok(());
    }
    for name in ["stored", "packed", "swapped", "fortran"] {
        let theirs = npz::read(folder.file(&format!("{name}.npz")))?;
        assert_eq!(theirs.len(), arrays.len(), "{name}");
        for (path, tensor) in arrays.iter() {
            assert_eq!(theirs.any(path), Some(tensor), "{path} {name}");
        }
    }
    let half = tensor![0.5, -65504.0, 1.0 / 16_777_216.0, f32::INFINITY];
    let others: [(&str, AnyTensor); 6] = [
        ("half", half.into()),
        ("small", tensor![i32; -128, 127].into()),
        ("short", tensor![i32; -32768, 32767].into()),
        ("unsigned_short", tensor![i32; 65535].into()),
        ("unsigned_int", tensor![i64; 4_294_967_295].into()),
        ("version_2", tensor![f64; 1.0, 2.0].into()),
    ];
    for (name, tensor) in others {
        let theirs = npy::read_any(folder.file(&format!("{name}.npy")))?;
        assert_eq!(theirs, tensor, "{name}");
    }
    for name in ["objects", "texts", "structure", "complex"] {
        let error = npy::read_any(folder.file(&format!("{name}.npy"))).unwrap_err();
        assert!(
            error.to_string().contains(", which gradlet lacks"),
            "{error}"
        );
    }
    Ok(())
}
