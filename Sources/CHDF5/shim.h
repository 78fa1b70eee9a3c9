#pragma once
#define H5_USE_110_API 1
#include <hdf5.h>

// Macros and global ids of libhdf5 that Swift can't see, as functions. They need H5open() first.

typedef H5L_iterate_t ech5_link_visitor;

static inline unsigned ech5_acc_rdonly(void) { return H5F_ACC_RDONLY; }
static inline unsigned ech5_acc_trunc(void) { return H5F_ACC_TRUNC; }
static inline hid_t ech5_p_file_access(void) { return H5P_FILE_ACCESS; }
static inline hid_t ech5_p_link_access(void) { return H5P_LINK_ACCESS; }
static inline hid_t ech5_p_link_create(void) { return H5P_LINK_CREATE; }
static inline hid_t ech5_p_dataset_create(void) { return H5P_DATASET_CREATE; }
static inline haddr_t ech5_undefined_address(void) { return HADDR_UNDEF; }

static inline hid_t ech5_native_float(void) { return H5T_NATIVE_FLOAT; }
static inline hid_t ech5_native_double(void) { return H5T_NATIVE_DOUBLE; }
static inline hid_t ech5_native_int64(void) { return H5T_NATIVE_INT64; }
static inline hid_t ech5_f32le(void) { return H5T_IEEE_F32LE; }
static inline hid_t ech5_f64le(void) { return H5T_IEEE_F64LE; }
static inline hid_t ech5_i8le(void) { return H5T_STD_I8LE; }
static inline hid_t ech5_i16le(void) { return H5T_STD_I16LE; }
static inline hid_t ech5_i32le(void) { return H5T_STD_I32LE; }
static inline hid_t ech5_i64le(void) { return H5T_STD_I64LE; }
static inline hid_t ech5_u8le(void) { return H5T_STD_U8LE; }
static inline hid_t ech5_u16le(void) { return H5T_STD_U16LE; }
static inline hid_t ech5_u32le(void) { return H5T_STD_U32LE; }
static inline hid_t ech5_u64le(void) { return H5T_STD_U64LE; }
static inline hid_t ech5_c_string(void) { return H5T_C_S1; }
static inline size_t ech5_variable_length(void) { return H5T_VARIABLE; }

static inline herr_t ech5_visit_links(hid_t group, ech5_link_visitor visitor, void *context) {
  hsize_t position = 0;
  return H5Literate(group, H5_INDEX_NAME, H5_ITER_INC, &position, visitor, context);
}

/// The class of the link `name`: hard, soft, external or user-defined; H5L_TYPE_ERROR when there is none.
static inline H5L_type_t ech5_link_class(hid_t location, const char *name, hid_t access) {
  H5L_info_t link;
  return H5Lget_info(location, name, &link, access) < 0 ? H5L_TYPE_ERROR : link.type;
}
