"""Writes the pictures beside this file and reference.json: their values as pydicom, Pillow and nibabel give them.

pip install pydicom numpy pillow pylibjpeg pylibjpeg-openjpeg pylibjpeg-libjpeg pyjpegls nibabel python-gdcm
python make.py [folder of the shared DICOM samples]
"""
import glob, hashlib, json, os, subprocess, sys, warnings
import nibabel, numpy as np, pydicom
from PIL import Image
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.pixels import apply_color_lut, apply_voi_lut
from pydicom.uid import *

warnings.simplefilter("ignore")
here = os.path.dirname(os.path.abspath(__file__))
rng = np.random.default_rng(7)
reference = {}

def told(name, values, **more):
    flat = np.ascontiguousarray(values, dtype="<f4").ravel()
    reference[name] = {"sha256": hashlib.sha256(flat.tobytes()).hexdigest(), "shape": list(np.shape(values)),
                       "some": [float(v) for v in flat[:: max(1, len(flat) // 7)]], **more}

def dicom(name, array, syntax=ExplicitVRLittleEndian, stored=None, high=None, photometric="MONOCHROME2", planar=0, encoded=None, **tags):
    d = Dataset()
    d.file_meta = FileMetaDataset()
    d.file_meta.TransferSyntaxUID = syntax
    d.SOPClassUID = d.file_meta.MediaStorageSOPClassUID = SecondaryCaptureImageStorage
    d.SOPInstanceUID = d.file_meta.MediaStorageSOPInstanceUID = f"1.2.3.{len(reference)}"
    for key, value in dict(PatientName="CANARY-7391^NAME", PatientID="CANARY-7391-ID", InstitutionName="CANARY-7391-HOUSE", AccessionNumber=f"A{len(reference)}",
                           PatientBirthDate="19010203", StudyDescription="CANARY-7391-STUDY", PatientComments="CANARY-7391-WORDS").items():
        setattr(d, key, value)
    d.add_new(0x00091010, "LO", "CANARY-7391-PRIVATE")
    samples = 3 if array.ndim == 3 else 1
    d.Rows, d.Columns, d.SamplesPerPixel, d.PhotometricInterpretation = array.shape[0], array.shape[1], samples, photometric
    if samples == 3: d.PlanarConfiguration = planar
    d.BitsAllocated = array.dtype.itemsize * 8
    d.BitsStored = stored or d.BitsAllocated
    d.HighBit = d.BitsStored - 1 if high is None else high
    d.PixelRepresentation = 1 if array.dtype.kind == "i" else 0
    for key, value in tags.items(): setattr(d, key, value)
    raw = np.moveaxis(array, 2, 0) if planar == 1 else array
    big = syntax == ExplicitVRBigEndian
    if encoded is not None: d.PixelData = encapsulate([encoded])
    else:
        data = np.ascontiguousarray(raw).astype(raw.dtype.newbyteorder(">" if big else "<")).tobytes()
        if big and d.BitsAllocated == 8: data = np.frombuffer(data + b"\0" * (len(data) % 2), "<u2").byteswap().tobytes()
        d.PixelData = data + b"\0" * (len(data) % 2)
    d["PixelData"].VR = "OB" if encoded is not None or (d.BitsAllocated == 8 and not big) else "OW"
    d.save_as(os.path.join(here, name), enforce_file_format=True, little_endian=not big, implicit_vr=syntax == ImplicitVRLittleEndian)
    return pydicom.dcmread(os.path.join(here, name))

grey12 = (np.add.outer(np.arange(12) * 130, np.arange(17) * 140) + rng.integers(0, 50, (12, 17))).astype("u2")
signed12 = (grey12.astype("i4") - 2000).astype("i2")
rgb = rng.integers(0, 256, (12, 17, 3), dtype="u1")
smooth = np.stack([np.add.outer(np.arange(16) * 8, np.arange(24) * 3 + 9 * c) for c in range(3)], -1).astype("u1")

d = dicom("monochrome1.dcm", grey12, stored=12, photometric="MONOCHROME1", WindowCenter=2000, WindowWidth=3000)
told("monochrome1.dcm", d.pixel_array, window=[float(v) for v in apply_voi_lut(d.pixel_array, d).ravel()[::29]])
d = dicom("signed12.dcm", signed12 & 0x0FFF, stored=12, PixelRepresentation=1, RescaleSlope="0.5", RescaleIntercept="10")
told("signed12.dcm", d.pixel_array * 0.5 + 10)
d = dicom("high-bit.dcm", (grey12 << 4) | 0x000F, stored=12, high=15)
told("high-bit.dcm", grey12)
d = dicom("planar.dcm", rgb, photometric="RGB", planar=1)
told("planar.dcm", d.pixel_array)
d = dicom("big-endian8.dcm", rgb[..., 0], syntax=ExplicitVRBigEndian)
told("big-endian8.dcm", rgb[..., 0])
d = dicom("deflated.dcm", grey12, syntax=DeflatedExplicitVRLittleEndian, stored=12)
told("deflated.dcm", d.pixel_array)
lut = {f"{c}PaletteColorLookupTableDescriptor": [256, 0, 16] for c in ("Red", "Green", "Blue")}
lut |= {f"{c}PaletteColorLookupTableData": rng.integers(0, 65536, 256, dtype="u2").tobytes() for c in ("Red", "Green", "Blue")}
d = dicom("palette.dcm", rgb[..., 1], photometric="PALETTE COLOR", **lut)
told("palette.dcm", apply_color_lut(d.pixel_array, d))
d = dicom("ybr-full.dcm", smooth, photometric="YBR_FULL")
told("ybr-full.dcm", d.pixel_array)  # pydicom converts it to RGB
def encoded(name, source, syntax, **options):
    d = pydicom.dcmread(os.path.join(here, source))
    d.compress(syntax, **options)
    d.save_as(os.path.join(here, name))
    return pydicom.dcmread(os.path.join(here, name))
def rgb_source(name, array):
    dicom(name, array, photometric="RGB")
rgb_source("rgb.dcm", rgb); told("rgb.dcm", rgb)
told("rle-rgb.dcm", encoded("rle-rgb.dcm", "rgb.dcm", RLELossless).pixel_array)
rgb_source("j2k-rgb.dcm", np.tile(rgb, (4, 3, 1)))
told("j2k-rgb.dcm", encoded("j2k-rgb.dcm", "j2k-rgb.dcm", JPEG2000Lossless).pixel_array)
told("jls-rgb.dcm", encoded("jls-rgb.dcm", "rgb.dcm", JPEGLSLossless).pixel_array)
told("rle-signed12.dcm", encoded("rle-signed12.dcm", "signed12.dcm", RLELossless).pixel_array * 0.5 + 10)
dicom("j2k-signed12.dcm", np.tile(signed12 & 0x0FFF, (4, 3)), stored=12, PixelRepresentation=1, RescaleSlope="0.5", RescaleIntercept="10")
told("j2k-signed12.dcm", encoded("j2k-signed12.dcm", "j2k-signed12.dcm", JPEG2000Lossless).pixel_array * 0.5 + 10)

# JPEG lossless (process 14) by gdcm, in a process of its own: it does not live with the others' libraries.
GDCM = """
import gdcm, sys
r = gdcm.ImageReader(); r.SetFileName(sys.argv[1]); assert r.Read()
c = gdcm.ImageChangeTransferSyntax(); c.SetTransferSyntax(gdcm.TransferSyntax(gdcm.TransferSyntax.JPEGLosslessProcess14_1)); c.SetInput(r.GetImage()); assert c.Change()
w = gdcm.ImageWriter(); w.SetFileName(sys.argv[2]); w.SetFile(r.GetFile()); w.SetImage(c.GetOutput()); assert w.Write()
"""
subprocess.run([sys.executable, "-c", GDCM, os.path.join(here, "deflated.dcm"), os.path.join(here, "lossless-12.dcm")])
told("lossless-12.dcm", grey12)
import io
buffer = io.BytesIO(); Image.fromarray(smooth).save(buffer, "JPEG", quality=95, subsampling=0)
dicom("jpeg-colour.dcm", smooth, syntax=JPEGBaseline8Bit, photometric="YBR_FULL", encoded=buffer.getvalue())
told("jpeg-colour.dcm", np.asarray(Image.open(io.BytesIO(buffer.getvalue()))), within=2)

# Refused, each by name.
dicom("frames.dcm", grey12, NumberOfFrames=2)
dicom("video.dcm", rgb, syntax=MPEG2MPML, photometric="YBR_PARTIAL_420", encoded=b"\0\0\1\xb3" * 8)
dicom("jpip.dcm", grey12, syntax=UID("1.2.840.10008.1.2.4.94"), encoded=b"abcd")
dicom("unknown.dcm", grey12, syntax=UID("1.2.3.4.5"), encoded=b"abcd")

# PNG and TIFF of 16 bits, NIfTI, and Pillow's bilinear resizing.
wide = (grey12.astype("u4") * 15 % 65536).astype("u2")
Image.fromarray(wide).save(os.path.join(here, "grey16.png")); told("grey16.png", wide)
Image.fromarray(wide).save(os.path.join(here, "grey16.tif")); told("grey16.tif", wide)
Image.fromarray(rgb).save(os.path.join(here, "rgb8.tif")); told("rgb8.tif", rgb)
for w, h in ((5, 4), (40, 31), (17, 5)):
    told(f"resized-{w}x{h}", np.asarray(Image.fromarray(wide.astype("f4")).resize((w, h), Image.BILINEAR)), all=np.asarray(Image.fromarray(wide.astype("f4")).resize((w, h), Image.BILINEAR)).ravel().tolist())
volume = rng.integers(-500, 1500, (7, 8, 9)).astype("i2")
for name, affine in {"las.nii.gz": np.diag([-1.0, 1, 2, 1]), "oblique.nii": np.array([[0.1, 0, 2, 5], [-1, 0.1, 0, 3], [0, 1.2, 0.1, 4], [0, 0, 0, 1.0]])}.items():
    image = nibabel.Nifti1Image(volume, affine); image.header.set_slope_inter(2.0, 3.0)
    nibabel.save(image, os.path.join(here, name))
    ras = nibabel.as_closest_canonical(nibabel.load(os.path.join(here, name))).get_fdata()
    x, y, z = ras.shape
    told(f"{name}/axial", ras[::-1, ::-1, int(0.5 * z)].T)
    told(f"{name}/coronal", ras[::-1, int(0.5 * y), ::-1].T)
    told(f"{name}/sagittal", ras[int(0.5 * x), ::-1, ::-1].T)

for path in sorted(glob.glob((sys.argv[1] if len(sys.argv) > 1 else "/nowhere") + "/*.dcm")):
    name = os.path.basename(path)
    d = pydicom.dcmread(path)
    if "PixelData" not in d: continue
    if d.file_meta.TransferSyntaxUID == JPEGExtended12Bit:
        import gdcm
        r = gdcm.ImageReader(); r.SetFileName(path); assert r.Read()
        a = np.frombuffer(r.GetImage().GetBuffer().encode("utf-8", "surrogateescape"), "<u2").reshape(d.Rows, d.Columns)
    else: a = d.pixel_array
    told(name, a.astype("f8") * float(d.get("RescaleSlope", 1)) + float(d.get("RescaleIntercept", 0)))
json.dump(reference, open(os.path.join(here, "reference.json"), "w"), indent=1, sort_keys=True)
