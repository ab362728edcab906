//! Files that PyTorch wrote load into models of gradlet by name, which compute what PyTorch's do; and both ways by Python.
//!
//! `GRADLET_PYTHON` names a Python that has `safetensors` and `numpy`; without it, `python3` is asked.

use std::error::Error;
use std::path::PathBuf;

use gradlet::io::{SafetensorsFile, load, save, save_with};
use gradlet::layer::Directions;
use gradlet::prelude::*;
use gradlet::{
    AnyTensor, BatchNorm1d, BatchNorm2d, Buffer, Conv1d, ConvTranspose1d, Embedding, Float, Gelu,
    LayerNorm, Lstm, State, TransformerEncoder, TransformerEncoderLayer,
};
use gradlet_tests::files::Scratch;
use gradlet_tests::golden::layers_folder;
use gradlet_tests::python;
use serde_json::Value;

type Failure = Box<dyn Error>;

/// Both sum the same numbers in different orders.
const F64_RELATIVE: f64 = 1e-12;
/// As the golden files' README asks.
const F32_RELATIVE: f64 = 1e-6;

fn golden(name: &str) -> PathBuf {
    layers_folder().join("state").join(name)
}

/// Loads the file into the model; the input and the output that PyTorch's had.
fn loaded(name: &str, model: &mut impl Module) -> Result<[AnyTensor; 2], Failure> {
    let state = load(golden(&format!("{name}.safetensors")))?;
    model.load_state(&state)?;
    model.eval();
    same_again(name, &state, model)?;
    let mut io = SafetensorsFile::open(golden(&format!("{name}_io.safetensors")))?;
    Ok([io.tensor("input")?, io.tensor("output")?])
}

/// Whether the output is PyTorch's.
fn check<T: Float>(ours: Var<T>, theirs: &AnyTensor) -> Result<(), Failure> {
    let (theirs, relative) = match theirs {
        AnyTensor::F64(y) => (y.clone(), F64_RELATIVE),
        AnyTensor::F32(y) => (y.cast(), F32_RELATIVE),
        other => return Err(format!("an output of {}", other.element()).into()),
    };
    assert!(ours.shape() == theirs.shape() && !theirs.is_empty());
    for (ours, theirs) in ours.tensor().cast::<f64>().iter().zip(theirs.iter()) {
        let close = (ours - theirs).abs() <= relative * theirs.abs().max(1.0);
        let same = ours == theirs || (ours.is_nan() && theirs.is_nan());
        assert!(close || same, "{ours} is not {theirs}");
    }
    Ok(())
}

/// The loaded state has the names, shapes and types that PyTorch printed; saved again, it and the model's own state hold
/// the same bits.
fn same_again(name: &str, state: &State, model: &impl Module) -> Result<(), Failure> {
    let json = std::fs::read_to_string(golden(&format!("{name}.json")))?;
    let json: Value = serde_json::from_str(&json)?;
    let listed = json["state"].as_array().ok_or("no list of the state")?;
    for entry in listed {
        let path = entry["key"].as_str().ok_or("no key")?;
        let tensor = state.any(path).ok_or_else(|| format!("no {path}"))?;
        let dtype = match tensor.element() {
            "f64" => "float64",
            "f32" => "float32",
            "i64" => "int64",
            other => other,
        };
        assert_eq!(entry["dtype"], dtype, "{path}");
        assert_eq!(
            entry["shape"],
            Value::from(tensor.shape().to_vec()),
            "{path}"
        );
    }
    assert_eq!(listed.len(), state.len() + state.aliases().count());
    let folder = Scratch::new(&format!("state-{name}"));
    let path = folder.file("again.safetensors");
    for own in [state, &model.state()] {
        save(&path, own)?;
        let again = load(&path)?;
        assert!(again.paths().eq(own.paths()) && again.aliases().eq(own.aliases()));
        for entry in listed {
            let path = entry["key"].as_str().unwrap_or_default();
            assert_eq!(bits(again.any(path)), bits(state.any(path)), "{path}");
        }
    }
    // PyTorch's model lists its state in the order of the model here.
    let keys = listed.iter().filter_map(|entry| entry["key"].as_str());
    assert!(model.state().paths().eq(keys), "{name}: a different order");
    Ok(())
}

/// A tensor with its numbers as bits, since a NaN is not equal to itself.
fn bits(tensor: Option<&AnyTensor>) -> Option<(Vec<usize>, Vec<u64>)> {
    let tensor = tensor?;
    let bits = match tensor {
        AnyTensor::F64(x) => x.iter().map(f64::to_bits).collect(),
        AnyTensor::F32(x) => x.iter().map(|x| x.to_bits().into()).collect(),
        AnyTensor::I64(x) => x.iter().map(|x| x as u64).collect(),
        _ => return None,
    };
    Some((tensor.shape().to_vec(), bits))
}

fn float(x: &AnyTensor) -> Result<Var<f64>, Failure> {
    Ok(Var::constant(
        x.get::<f64>().ok_or("no input of f64")?.clone(),
    ))
}

fn words(x: &AnyTensor) -> Result<&Tensor<i64>, Failure> {
    Ok(x.get::<i64>().ok_or("no input of i64")?)
}

#[test]
fn a_chain_of_dense_layers() -> Result<(), Failure> {
    let rng = &mut gradlet::rng(1);
    let mut model = sequential![
        f64;
        Linear::new_of(6, 7, rng)?,
        BatchNorm1d::new_of(7)?,
        Relu::new(),
        Dropout::new(0.3, rng)?,
        Linear::new_of(7, 7, rng)?,
        Gelu::new(),
        Dropout::new(0.5, rng)?,
        Linear::new_of(7, 5, rng)?,
    ];
    let [x, y] = loaded("mlp", &mut model)?;
    check(model.forward(&float(&x)?)?, &y)
}

#[test]
fn a_chain_of_convolutions() -> Result<(), Failure> {
    let rng = &mut gradlet::rng(1);
    let mut model = sequential![
        f64;
        Conv2d::new_of(1, 2, 3, 1, rng)?.padding(1),
        BatchNorm2d::new_of(2)?,
        Relu::new(),
        MaxPool2d::new(2),
        Conv2d::new_of(2, 4, 2, 1, rng)?.without_bias(),
        BatchNorm2d::new_of(4)?.cumulative(),
        Relu::new(),
        Flatten::new(),
        Linear::new_of(16, 5, rng)?,
    ];
    let [x, y] = loaded("conv", &mut model)?;
    check(model.forward(&float(&x)?)?, &y)
}

#[derive(Module)]
struct Sentences {
    embedding: Embedding<f64>,
    lstm: Lstm<f64>,
    head: Linear<f64>,
}

#[test]
fn an_lstm_in_both_directions() -> Result<(), Failure> {
    let rng = &mut gradlet::rng(1);
    let mut model = Sentences {
        embedding: Embedding::new_of(14, 5, rng)?.padding(0)?,
        lstm: Lstm::new_of(5, 7, 1, Directions::Both, rng)?.batch_first(),
        head: Linear::new_of(14, 5, rng)?,
    };
    let [x, y] = loaded("lstm", &mut model)?;
    let states = model.lstm.forward(&model.embedding.forward(words(&x)?)?)?;
    check(model.head.forward(&states.mean(1)?)?, &y)
}

#[derive(Module)]
struct Positioned {
    position: Parameter<f64>,
    embedding: Embedding<f64>,
    encoder: TransformerEncoder<f64>,
    head: Linear<f64>,
}

#[test]
fn a_transformer() -> Result<(), Failure> {
    let rng = &mut gradlet::rng(1);
    let layers = (0..2).map(|_| TransformerEncoderLayer::new_of(2, 1, 7, rng));
    let layers = layers.collect::<Result<Vec<_>>>()?;
    let mut model = Positioned {
        position: Parameter::new(Tensor::zeros_of([4, 2])?),
        embedding: Embedding::new_of(14, 2, rng)?,
        encoder: TransformerEncoder::new(layers).norm(LayerNorm::new_of(2)?),
        head: Linear::new_of(2, 5, rng)?,
    };
    let [x, y] = loaded("transformer", &mut model)?;
    let x = model.embedding.forward(words(&x)?)? + model.position.leaf();
    let mean = model.encoder.forward(&x)?.mean(1)?;
    check(model.head.forward(&mean)?, &y)
}

#[derive(Module)]
struct Autoencoder {
    encoder: Conv1d<f64>,
    decoder: ConvTranspose1d<f64>,
}

#[test]
fn tied_weights_that_the_file_holds_once() -> Result<(), Failure> {
    let rng = &mut gradlet::rng(1);
    let mut model = Autoencoder {
        encoder: Conv1d::new_of(2, 5, 2, 1, rng)?.stride(2),
        decoder: ConvTranspose1d::new_of(5, 2, 2, 1, rng)?.stride(2),
    };
    let [x, y] = loaded("autoencoder", &mut model)?;
    let code = model.encoder.forward(&float(&x)?)?.tanh();
    check(model.decoder.forward(&code)?, &y)
}

#[derive(Module)]
struct Unusual {
    scale: Parameter,
    nothing: Parameter,
    table: Buffer,
    first: Linear,
    second: Linear,
}

#[test]
fn scalars_nothing_and_special_numbers() -> Result<(), Failure> {
    let rng = &mut gradlet::rng(1);
    let mut model = Unusual {
        scale: Parameter::new(Tensor::scalar(0.0)),
        nothing: Parameter::new(Tensor::zeros([0, 3])?),
        table: Buffer::new(Tensor::zeros(11)?),
        first: Linear::new(4, 5, rng)?,
        second: Linear::new(5, 3, rng)?.without_bias(),
    };
    let [x, y] = loaded("unusual", &mut model)?;
    let x = Var::constant(x.get::<f32>().ok_or("no input of f32")?.clone());
    let ours = model.second.forward(&model.first.forward(&x)?)? * model.scale.leaf();
    check(ours, &y)
}

#[test]
fn python_and_gradlet_read_each_others_files() -> Result<(), Failure> {
    let folder = Scratch::new("state-python");
    let mut state = State::new();
    state.insert("truth", tensor![bool; true, false, true]);
    state.insert("byte", tensor![u8; 0, 255]);
    state.insert("int", tensor![i32; [i32::MIN, i32::MAX]]);
    state.insert("long", Tensor::scalar(i64::MIN));
    state.insert("count", tensor![u64; u64::MAX]);
    state.insert("float", tensor![[1.5, -2.0], [3.0, 0.1]].t()?);
    state.insert("double", tensor![f64; 0.1, -0.0, f64::INFINITY]);
    state.insert("empty", Tensor::zeros([0, 3])?);
    let path = folder.file("every.safetensors");
    save_with(&path, &state, &[("made by", "gradlet \u{e9}")])?;
    let code = include_str!("src/state_files.py");
    if python::run("safetensors, numpy", code, &folder)?.is_none() {
        return Ok(());
    }

    let mut file = SafetensorsFile::open(folder.file("numpy.safetensors"))?;
    assert_eq!(file.metadata()["made by"], "numpy");
    for (path, tensor) in state.iter() {
        assert_eq!(file.tensor(path)?, *tensor, "{path}");
    }
    let half = tensor![0.5, -65504.0, 1.0 / 16_777_216.0, f32::INFINITY];
    let others: [(&str, AnyTensor); 5] = [
        ("half", half.into()),
        ("small", tensor![i32; -128, 127].into()),
        ("short", tensor![i32; -32768, 32767].into()),
        ("unsigned short", tensor![i32; 65535].into()),
        ("unsigned int", tensor![i64; 4_294_967_295].into()),
    ];
    for (path, tensor) in &others {
        assert_eq!(file.tensor(path)?, *tensor, "{path}");
    }
    assert_eq!(file.paths().len(), state.len() + others.len());
    Ok(())
}

#[test]
fn the_code_in_the_docs_takes_a_model_to_pytorch_and_back() -> Result<(), Failure> {
    let page = include_str!("../docs/files.md");
    let blocks = page.split("```python\n").skip(1);
    let code: Vec<_> = blocks
        .filter_map(|block| block.split("```").next())
        .collect();
    assert_eq!(code.len(), 2);
    let folder = Scratch::new("state-torch");
    let path = folder.file("model.safetensors");
    let modules = "torch, safetensors.torch";
    if python::run(modules, code[0], &folder)?.is_none() {
        return Ok(());
    }
    let rng = &mut gradlet::rng(1);
    let mut model = sequential![
        Linear::new(4, 8, rng)?,
        Relu::new(),
        Linear::new(8, 3, rng)?
    ];
    let own = model.state();
    model.load_state(&load(&path)?)?;
    assert_ne!(model.state(), own);
    save(&path, &own)?;
    let printed = python::run(modules, code[1], &folder)?.ok_or("torch is gone")?;
    model.load_state(&own)?;
    let ours = model.forward(&Var::constant(Tensor::ones([1, 4])?))?;
    let theirs = printed.split_whitespace().map(str::parse::<f64>);
    let theirs = Tensor::from_slice(theirs.collect::<Result<Vec<_>, _>>()?, [1, 3])?;
    // f32 on both sides.
    check(ours, &theirs.cast::<f32>().into())
}
