//! Views share elements, and their errors say what does not fit.

use crate::{ErrorKind, Result, Tensor, tensor};

fn sample() -> Result<Tensor> {
    Tensor::arange(0.0, 24.0, 1.0)?.reshape([2, 3, 4])
}

#[test]
fn views_share_their_elements() -> Result<()> {
    let x = sample()?;
    let views = [
        x.permute(&[2, 0, 1])?,
        x.narrow(1, 1, 2)?,
        x.select(-1, 3)?,
        x.reshape([4, 6])?,
    ];
    drop(views.clone());
    assert!(!x.is_unshared());
    assert_eq!(views[0].shape(), [4, 2, 3]);
    assert_eq!(views[0].at(&[3, 1, 2])?, 23.0);
    assert_eq!(views[1].at(&[1, 0, 0])?, 16.0);
    assert_eq!(views[2].to_vec(), [3.0, 7.0, 11.0, 15.0, 19.0, 23.0]);
    assert!(
        views
            .iter()
            .all(|view| view.storage().as_ptr() == x.storage().as_ptr())
    );
    Ok(())
}

#[test]
fn reshaping_what_cannot_be_viewed_copies() -> Result<()> {
    let x = tensor![[1.0, 2.0], [3.0, 4.0]].t()?.reshape([4])?;
    assert_eq!(x.to_vec(), [1.0, 3.0, 2.0, 4.0]);
    assert!(matches!(
        sample()?.reshape([5, 5]).unwrap_err().kind(),
        ErrorKind::ElementCount { .. }
    ));
    assert_eq!(Tensor::zeros([0, 3])?.t()?.reshape([2, 0])?.shape(), [2, 0]);
    Ok(())
}

#[test]
fn axes_come_and_go() -> Result<()> {
    let x = sample()?;
    assert_eq!(x.unsqueeze(-1)?.shape(), [2, 3, 4, 1]);
    assert_eq!(x.unsqueeze(1)?.squeeze(1)?.shape(), [2, 3, 4]);
    assert_eq!(x.squeeze(0)?.shape(), [2, 3, 4]);
    assert_eq!(x.flatten(1..)?.shape(), [2, 12]);
    assert_eq!(Tensor::scalar(1.0f32).flatten(..)?.shape(), [1]);
    let scalar = Tensor::scalar(1.0f32);
    assert_eq!(scalar.squeeze(-1)?.shape(), [0; 0]);
    assert_eq!(scalar.transpose(0, -1)?.shape(), [0; 0]);
    assert_eq!(scalar.flatten(0..)?.shape(), [1]);
    assert!(scalar.squeeze(1).is_err() && scalar.transpose(0, 1).is_err());
    assert!(x.unsqueeze(4).is_err() && x.squeeze(3).is_err() && x.t().is_err());
    Ok(())
}

#[test]
fn broadcasting_repeats_and_checks() -> Result<()> {
    let x = tensor![[1.0], [2.0]].broadcast_to([2, 2, 3])?;
    assert_eq!(
        x.to_vec(),
        [1.0, 1.0, 1.0, 2.0, 2.0, 2.0, 1.0, 1.0, 1.0, 2.0, 2.0, 2.0]
    );
    assert!(tensor![1.0, 2.0].broadcast_to([3]).is_err());
    assert!(tensor![[1.0, 2.0]].broadcast_to([2]).is_err());
    Ok(())
}

#[test]
fn bad_ranges_and_axes_are_errors() -> Result<()> {
    let x = sample()?;
    assert!(matches!(
        x.narrow(0, 1, 2).unwrap_err().kind(),
        ErrorKind::RangeOutOfRange { .. }
    ));
    assert!(x.narrow(0, usize::MAX, 2).is_err() && x.select(0, 2).is_err());
    assert!(matches!(
        x.permute(&[0, 0, 1]).unwrap_err().kind(),
        ErrorKind::AxisRepeated { .. }
    ));
    assert!(x.permute(&[0, 1]).is_err() && x.transpose(0, 3).is_err());
    assert_eq!(x.narrow(2, 4, 0)?.len(), 0);
    Ok(())
}
