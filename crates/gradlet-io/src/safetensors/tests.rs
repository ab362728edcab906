//! States that come back as they were, and the types of other programs.

use std::fs;

use ::safetensors::{Dtype, SafeTensors};
use gradlet_nn::{AnyTensor, State};
use gradlet_tensor::{Result, Tensor, tensor};
use proptest::prelude::*;

use super::refused::file_of;
use super::*;
use crate::scratch::Scratch;

fn every_type() -> Result<State> {
    let mut state = State::new();
    state.insert("truth", tensor![bool; true, false, true]);
    state.insert("strided", tensor![[1.5, -2.0], [3.0, 0.1]].t()?);
    state.insert("byte", tensor![u8; 0, 255]);
    state.insert("wide", tensor![f64; 0.1, -0.0, f64::NEG_INFINITY]);
    state.insert("int", tensor![i32; i32::MIN, -1, 7]);
    state.insert("long", Tensor::scalar(i64::MIN));
    state.insert("count", tensor![u64; u64::MAX, 1]);
    state.insert("empty", Tensor::<f32>::zeros([0, 3])?);
    state.insert("spread", tensor![2.5].broadcast_to([2, 3])?);
    state.insert("", tensor![[[[[[[[1.0]]]]]]]]);
    state.insert("\"quoted\"\n\u{e9}", tensor![bool; false]);
    Ok(state)
}

#[test]
fn every_element_type_comes_back_in_order_with_its_bits() -> Result<()> {
    let folder = Scratch::new("types");
    let path = folder.file("state.safetensors");
    let state = every_type()?;
    save(&path, &state)?;
    assert_eq!(load(&path)?, state);

    // NaNs are not equal to themselves.
    let odd = [0x7fc0_1234, 0xff80_0001, 1, 0x8000_0000].map(f32::from_bits);
    let mut state = State::new();
    state.insert("odd", Tensor::from_slice(odd, 4)?);
    save(&path, &state)?;
    let loaded = load(&path)?;
    let loaded = loaded.get::<f32>("odd")?.iter().map(f32::to_bits);
    assert!(loaded.eq(odd.map(f32::to_bits)));
    assert_eq!(folder.names(), ["state.safetensors"]);
    Ok(())
}

#[test]
fn the_formats_own_reader_takes_the_file_and_finds_all_tensors_aligned() -> Result<()> {
    let folder = Scratch::new("aligned");
    let path = folder.file("x");
    let mut state = every_type()?;
    state.alias("second", "wide");
    save_with(&path, &state, &[("a", "1"), ("b", "\"2\"")])?;
    let bytes = fs::read(&path).unwrap();
    let theirs = SafeTensors::deserialize(&bytes).unwrap();
    assert_eq!(theirs.len(), state.len());
    for (path, tensor) in state.iter() {
        let view = theirs.tensor(path).unwrap();
        assert_eq!(
            (view.shape(), view.dtype()),
            (&tensor.shape()[..], elements::dtype(tensor))
        );
        let place = view.data().as_ptr().addr() - bytes.as_ptr().addr();
        assert_eq!(place % (view.dtype().bitsize() / 8), 0, "{path}");
        let mut data = Vec::new();
        elements::write(tensor, &mut data).unwrap();
        assert_eq!(view.data(), data, "{path}");
    }
    let (_, header) = SafeTensors::read_metadata(&bytes).unwrap();
    let texts = header.metadata().clone().unwrap();
    let expected = [("a", "1"), ("b", "\"2\""), ("second", "wide")];
    assert_eq!(texts.len(), expected.len());
    assert!(expected.iter().all(|(key, value)| texts[*key] == *value));
    // Nothing depends on the order of a hash map.
    save_with(&path, &state, &[("b", "\"2\""), ("a", "1")])?;
    assert_eq!(fs::read(&path).unwrap(), bytes);
    Ok(())
}

#[test]
fn large_tensors_pass_through_the_buffer_whole() -> Result<()> {
    let folder = Scratch::new("large");
    let path = folder.file("x");
    let mut state = State::new();
    for length in [4095, 4096, 4097, 20_000] {
        let x = Tensor::from_fn([length, 1], |i| i as f32)?;
        state.insert(format!("{length}"), x.broadcast_to([length, 3])?);
    }
    save(&path, &state)?;
    assert_eq!(load(&path)?, state);
    Ok(())
}

#[test]
fn tied_weights_are_held_once_and_have_both_paths() -> Result<()> {
    let folder = Scratch::new("tied");
    let path = folder.file("x");
    let mut state = State::new();
    state.insert("decoder", tensor![1.0]);
    state.alias("encoder", "decoder");
    save(&path, &state)?;
    let mut file = SafetensorsFile::open(&path)?;
    assert_eq!(file.metadata()["encoder"], "decoder");
    assert_eq!(file.tensor("encoder")?.get(), Some(&tensor![1.0]));
    assert_eq!(file.shape("encoder"), file.shape("decoder"));
    assert_eq!(file.state()?, state);
    // The same entry from a file that is saved again.
    save_with(&path, &state, &[("encoder", "decoder")])?;
    assert_eq!(load(&path)?, state);
    Ok(())
}

#[test]
fn metadata_that_would_read_as_something_else_are_refused_and_nothing_is_written() {
    let folder = Scratch::new("texts");
    let path = folder.file("x");
    let mut state = State::new();
    state.insert("w", tensor![1.0]);
    state.alias("v", "w");
    let refused = |state: &State, texts: &[(&str, &str)], expected: &str| {
        let error = save_with(&path, state, texts).unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
        assert_eq!(error.location().file(), file!());
    };
    refused(
        &state,
        &[("v", "1")],
        "the key \"v\" of the metadata is there twice, or",
    );
    refused(
        &state,
        &[("a", "1"), ("a", "2")],
        "the key \"a\" of the metadata is there twice",
    );
    refused(&state, &[("best", "w")], "for a second path of that tensor");
    state.insert("__metadata__", tensor![1.0]);
    refused(&state, &[], "no tensor can have the path \"__metadata__\"");
    assert_eq!(folder.names().len(), 0);
}

#[test]
fn types_that_gradlet_lacks_are_read_as_the_next_larger_ones() -> Result<()> {
    let folder = Scratch::new("widened");
    let path = folder.file("x");
    let read = |dtype: Dtype, data: &[u8]| {
        let count = data.len() / (dtype.bitsize() / 8);
        let header = format!(
            r#"{{"x":{{"dtype":"{dtype}","shape":[{count}],"data_offsets":[0,{}]}}}}"#,
            data.len()
        );
        fs::write(&path, file_of(&header, data)).unwrap();
        SafetensorsFile::open(&path)?.tensor("x")
    };
    assert_eq!(
        read(Dtype::I8, &[0x80, 0xff])?,
        tensor![i32; -128, -1].into()
    );
    assert_eq!(
        read(Dtype::I16, &[0, 0x80, 0xff, 0xff])?,
        tensor![i32; -32768, -1].into()
    );
    assert_eq!(
        read(Dtype::U16, &[0xff; 4])?,
        tensor![i32; 65535, 65535].into()
    );
    assert_eq!(
        read(Dtype::U32, &[0xff; 4])?,
        tensor![i64; 4_294_967_295].into()
    );
    assert_eq!(
        read(Dtype::F16, &[1, 0, 0, 0xbc])?,
        tensor![2f32.powi(-24), -1.0].into()
    );
    assert_eq!(
        read(Dtype::BF16, &[0x80, 0x3f, 0, 0xc0])?,
        tensor![1.0, -2.0].into()
    );
    let text = read(Dtype::F8_E4M3, &[0]).unwrap_err().to_string();
    let lacks = "the tensor \"x\" has elements of type F8_E4M3, which gradlet lacks: ";
    assert!(text.contains(lacks), "{text}");
    let text = read(Dtype::BOOL, &[0, 1, 2]).unwrap_err().to_string();
    assert!(
        text.contains("the tensor \"x\" has the byte 2 for a bool"),
        "{text}"
    );
    Ok(())
}

#[test]
fn a_file_that_shrinks_while_it_is_open_is_an_error() -> Result<()> {
    let folder = Scratch::new("shrinks");
    let path = folder.file("x");
    let mut state = State::new();
    state.insert("w", Tensor::<f32>::ones(1000)?);
    save(&path, &state)?;
    let mut file = SafetensorsFile::open(&path)?;
    fs::write(&path, b"short").unwrap();
    let error = file.state().unwrap_err().to_string();
    assert!(
        error.contains("the tensor \"w\" cannot be read: "),
        "{error}"
    );
    let error = file.tensor("v").unwrap_err().to_string();
    assert!(error.contains("has no tensor \"v\""), "{error}");
    Ok(())
}

fn any_tensor() -> impl Strategy<Value = AnyTensor> {
    let shape = prop::collection::vec(0..4usize, 0..4);
    (shape, 0..7usize, any::<u64>()).prop_map(|(shape, kind, seed)| {
        fn of<T: gradlet_tensor::Element>(shape: &[usize], seed: u64) -> AnyTensor {
            let value = |i: usize| seed.wrapping_mul(i as u64 + 1).rotate_left(17);
            let x = Tensor::from_fn(shape, |i| T::from_integer(value(i).into())).unwrap();
            if x.rank() == 2 {
                x.t().unwrap().into()
            } else {
                x.into()
            }
        }
        let kinds: [fn(&[usize], u64) -> AnyTensor; 7] = [
            of::<bool>, of::<u8>, of::<i32>, of::<i64>, of::<u64>, of::<f32>, of::<f64>,
        ];
        kinds[kind](&shape, seed)
    })
}

proptest! {
    #[test]
    fn any_state_comes_back(
        tensors in prop::collection::vec(("\\PC{0,4}", any_tensor()), 0..6),
        tie in any::<bool>(),
    ) {
        let folder = Scratch::new("any");
        let mut state = State::new();
        for (path, tensor) in tensors {
            state.insert(path.clone(), tensor);
            if tie {
                state.alias(format!("tied {path}"), path);
            }
        }
        save(folder.file("x"), &state).unwrap();
        prop_assert_eq!(load(folder.file("x")).unwrap(), state);
    }
}
