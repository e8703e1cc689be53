//! Dynamic vector types: a fixed vector, repeated as often as a global value says.

use super::types::Type;
use super::{DynamicType, GlobalValue};
use windlass_entity::PrimaryMap;

/// All dynamic types of a function.
pub type DynamicTypes = PrimaryMap<DynamicType, DynamicTypeData>;

/// A dynamic vector type.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "enable-serde", derive(serde::Serialize, serde::Deserialize))]
pub struct DynamicTypeData {
    /// The fixed vector that is repeated.
    pub base_vector_ty: Type,
    /// How often.
    pub dynamic_scale: GlobalValue,
}

impl DynamicTypeData {
    /// `base_vector_ty`, repeated `dynamic_scale` times.
    pub fn new(base_vector_ty: Type, dynamic_scale: GlobalValue) -> Self {
        DynamicTypeData { base_vector_ty, dynamic_scale }
    }
    /// The type that values have; none if the base is not a vector of at most 256 bits.
    pub fn concrete(&self) -> Option<Type> {
        self.base_vector_ty.vector_to_dynamic()
    }
}

/// The fixed vector of a dynamic type; panics if it is not one.
pub fn dynamic_to_fixed(ty: Type) -> Type {
    ty.dynamic_to_vector().expect("a dynamic vector type")
}
