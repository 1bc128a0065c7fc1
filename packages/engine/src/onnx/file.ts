/**
 * The part of the ONNX file format that matters here (onnx/onnx.proto3, Apache-2.0: field numbers are facts of the format):
 * what a graph computes, and its constants. Unknown fields are skipped in reading and lost in writing.
 */
import { EngraftError } from "@engraft/core/base/errors";
import protobuf from "protobufjs";

const SCHEMA = `
syntax = "proto3";
message StringStringEntryProto { string key = 1; string value = 2; }
message OperatorSetIdProto { string domain = 1; int64 version = 2; }
message TensorProto {
  repeated int64 dims = 1; int32 data_type = 2; repeated float float_data = 4; repeated int32 int32_data = 5;
  repeated bytes string_data = 6; repeated int64 int64_data = 7; string name = 8; bytes raw_data = 9;
  repeated double double_data = 10; repeated uint64 uint64_data = 11; repeated StringStringEntryProto external_data = 13;
  int32 data_location = 14;
}
message SparseTensorProto { TensorProto values = 1; TensorProto indices = 2; repeated int64 dims = 3; }
message Dimension { int64 dim_value = 1; string dim_param = 2; }
message TensorShapeProto { repeated Dimension dim = 1; }
message TensorTypeProto { int32 elem_type = 1; TensorShapeProto shape = 2; }
message TypeProto { TensorTypeProto tensor_type = 1; }
message ValueInfoProto { string name = 1; TypeProto type = 2; }
message AttributeProto {
  string name = 1; float f = 2; int64 i = 3; bytes s = 4; TensorProto t = 5; GraphProto g = 6; repeated float floats = 7;
  repeated int64 ints = 8; repeated bytes strings = 9; repeated TensorProto tensors = 10; repeated GraphProto graphs = 11;
  int32 type = 20; SparseTensorProto sparse_tensor = 22; repeated SparseTensorProto sparse_tensors = 23;
}
message NodeProto {
  repeated string input = 1; repeated string output = 2; string name = 3; string op_type = 4; repeated AttributeProto attribute = 5;
  string domain = 7;
}
message GraphProto {
  repeated NodeProto node = 1; string name = 2; repeated TensorProto initializer = 5; repeated ValueInfoProto input = 11;
  repeated ValueInfoProto output = 12; repeated ValueInfoProto value_info = 13; repeated SparseTensorProto sparse_initializer = 15;
}
message FunctionProto { string name = 1; }
message TrainingInfoProto { GraphProto initialization = 1; }
message ModelProto {
  int64 ir_version = 1; string producer_name = 2; string doc_string = 6; GraphProto graph = 7;
  repeated OperatorSetIdProto opset_import = 8; repeated StringStringEntryProto metadata_props = 14;
  repeated TrainingInfoProto training_info = 20; repeated FunctionProto functions = 25;
}`;

const ModelProto = protobuf.parse(SCHEMA, { keepCase: true }).root.lookupType("ModelProto");

export interface OnnxTensor {
  readonly name: string;
  readonly dims: readonly number[];
  readonly data_type: number;
  readonly float_data: readonly number[];
  readonly int64_data: readonly number[];
  readonly raw_data: Uint8Array;
  readonly external_data: readonly unknown[];
  readonly data_location: number;
}

export interface OnnxAttribute {
  readonly name: string;
  readonly i: number;
  readonly t: OnnxTensor | null;
  readonly g: OnnxGraph | null;
  readonly tensors: readonly OnnxTensor[];
  readonly graphs: readonly OnnxGraph[];
  readonly sparse_tensor: unknown;
  readonly sparse_tensors: readonly unknown[];
}

export interface OnnxNode {
  readonly op_type: string;
  readonly domain: string;
  readonly input: readonly string[];
  readonly output: readonly string[];
  readonly attribute: readonly OnnxAttribute[];
}

export interface OnnxValue {
  readonly name: string;
  readonly type: {
    readonly tensor_type: {
      readonly elem_type: number;
      readonly shape: { readonly dim: readonly { readonly dim_value: number; readonly dim_param: string }[] } | null;
    } | null;
  } | null;
}

export interface OnnxGraph {
  readonly name: string;
  readonly node: readonly OnnxNode[];
  readonly initializer: readonly OnnxTensor[];
  readonly sparse_initializer: readonly unknown[];
  readonly input: readonly OnnxValue[];
  readonly output: readonly OnnxValue[];
  readonly value_info: readonly OnnxValue[];
}

export interface OnnxModel {
  readonly ir_version: number;
  readonly producer_name: string;
  readonly graph: OnnxGraph;
  readonly metadata_props: readonly { readonly key: string; readonly value: string }[];
  readonly opset_import: readonly { readonly domain: string; readonly version: number }[];
  readonly training_info: readonly unknown[];
  readonly functions: readonly unknown[];
}

/** Numbers of `TensorProto.DataType`. */
export const FLOAT = 1;
export const INT32 = 6;
export const INT64 = 7;
export const STRING = 8;
export const BOOL = 9;

/** Throws `bad-input`. Constants are views of `bytes`. */
export function readOnnx(bytes: Uint8Array): OnnxModel {
  try {
    const model = ModelProto.toObject(ModelProto.decode(bytes), { longs: Number, defaults: true, arrays: true }) as OnnxModel;
    if (model.graph === null || model.graph.node.length === 0) throw new Error("no graph");
    return model;
  } catch (cause) {
    throw new EngraftError("bad-input", "This is not an ONNX file, or it is cut off.", { cause });
  }
}

/** A file's bytes. Only what the schema above names is kept. */
export const writeOnnx = (model: unknown): Uint8Array =>
  Uint8Array.from(ModelProto.encode(ModelProto.fromObject(model as object)).finish());
