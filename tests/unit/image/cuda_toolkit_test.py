#!/usr/bin/env python3
"""Holds the GPU check and the reader of GPU code to NVIDIA's own tools, where they are at hand.

usage: cuda_toolkit_test.py SOURCE_DIR GPU_CODE_LIST [unittest arguments]
GPU_CODE_LIST is the built program of that name. Tools are looked for in CUDA_HOME, in /usr/local/cuda and in what
scripts/cuda_tools fetches from PyPI; what is nowhere is a skipped test that says so.
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

SOURCE = pathlib.Path()
GPU_CODE_LIST = ""
NOT_FETCHED = ""


def toolkits():
    """Folders with a `bin`: the installed ones, then PyPI's."""
    global NOT_FETCHED
    found = [pathlib.Path(folder) for folder in (os.environ.get("CUDA_HOME", ""), "/usr/local/cuda") if folder]
    done = subprocess.run([SOURCE / "scripts/cuda_tools"], text=True, capture_output=True)
    if done.returncode == 0:
        found += sorted(pathlib.Path(done.stdout.strip()).glob("nvidia/cu*"))
    else:
        NOT_FETCHED = "; scripts/cuda_tools: " + (done.stderr.strip().splitlines() or ["failed"])[-1]
    return [folder for folder in dict.fromkeys(folder.resolve() for folder in found) if (folder / "bin").is_dir()]


def run(*args):
    done = subprocess.run(args, text=True, capture_output=True)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, args))}: {done.stdout}{done.stderr}")
    return done.stdout


class ToolkitTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.toolkits = toolkits()

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)

    def tool(self, name):
        for toolkit in self.toolkits:
            if (toolkit / "bin" / name).is_file():
                return toolkit / "bin" / name
        self.skipTest(f"no {name} in CUDA_HOME, /usr/local/cuda or build/cuda-tools{NOT_FETCHED}")

    def kernel(self):
        text = (SOURCE / "image/gpu_check/check_kernel.cpp").read_text()
        return re.search(r'R"\((.*?)\)"', text, re.S).group(1)

    def architectures(self, ptxas):
        return sorted(set(re.findall(r"'(sm_\d+[af]?)'", run(ptxas, "--help"))))

    def test_the_checks_kernel_assembles_for_every_architecture(self):
        self.tool("ptxas")
        source = self.folder / "kernel.ptx"
        source.write_text(self.kernel())
        for toolkit in self.toolkits:
            ptxas = toolkit / "bin/ptxas"
            if not ptxas.is_file():
                continue
            known = self.architectures(ptxas)
            self.assertGreater(len(known), 10)
            for architecture in known:
                run(ptxas, "--warning-as-error", f"-arch={architecture}", source, "-o", self.folder / "kernel.cubin")
            print(f"{ptxas}: {len(known)} architectures")

    def test_the_drivers_functions_are_declared_as_cuda_h_has_them(self):
        headers = [toolkit / "include" for toolkit in self.toolkits if (toolkit / "include/cuda.h").is_file()]
        if not headers:
            self.skipTest("no cuda.h in CUDA_HOME or /usr/local/cuda")
        for folder in headers:
            run("c++", "-std=c++20", "-fsyntax-only", f"-I{SOURCE}", "-isystem", folder,
                SOURCE / "tests/unit/image/driver_functions_check.cpp")

    def object_of(self, name, fatbins):
        """A shared object whose .nv_fatbin holds the files, each at a multiple of 8."""
        text = '.section .nv_fatbin,"a"\n' + "".join(f'.balign 8\n.incbin "{file}"\n' for file in fatbins)
        (self.folder / f"{name}.s").write_text(text + '.section .note.GNU-stack,"",%progbits\n')
        run("cc", "-shared", "-o", self.folder / f"{name}.so", self.folder / f"{name}.s")
        return self.folder / f"{name}.so"

    def fatbin(self, name, cubins, ptx=(), options=()):
        """A fatbin of the kernel for `cubins` ("90a"), and its text for `ptx` ("80")."""
        source = self.folder / "source.ptx"
        images = []
        for architecture in cubins:
            source.write_text(self.kernel())
            file = self.folder / f"{name}{architecture}.cubin"
            run(self.tool("ptxas"), f"-arch=sm_{architecture}", source, "-o", file)
            images.append(f"--image3=kind=elf,sm={architecture},file={file}")
        for architecture in ptx:
            file = self.folder / f"{name}{architecture}.ptx"
            file.write_text(self.kernel().replace(".target sm_30", f".target sm_{architecture}").replace(".version 6.0", ".version 8.7"))
            images.append(f"--image3=kind=ptx,sm={architecture},file={file}")
        out = self.folder / f"{name}.fatbin"
        run(self.tool("fatbinary"), f"--create={out}", "-64", *options, *images)
        return out

    def listed(self, *objects):
        lines = run(GPU_CODE_LIST, *objects).splitlines()
        return [line.split(": ", 1)[1].split() if ": " in line else [] for line in lines]

    def assert_as_cuobjdump(self, file):
        """NVIDIA's reader prints no `f`, and calls PTX by sm, too."""
        cuobjdump = self.tool("cuobjdump")
        ours = self.listed(file)[0]
        for flag, head in (("-lelf", "sm_"), ("-lptx", "compute_")):
            theirs = {name for name in re.findall(r"\.sm_(\d+a?)f?\.", run(cuobjdump, flag, file))}
            self.assertEqual({name[len(head):].split(":")[0].rstrip("f") for name in ours if name.startswith(head)}, theirs, file)
        return ours

    def test_lists_what_cuobjdump_lists(self):
        cubins = [a[3:] for a in self.architectures(self.tool("ptxas"))]
        several = self.object_of("several", [self.fatbin("all", cubins), self.fatbin("text", ["80"], ["80", "90"])])
        ours = self.assert_as_cuobjdump(several)
        self.assertEqual(sorted(name[3:] for name in ours if name.startswith("sm_")), sorted(cubins))
        self.assertEqual([name for name in ours if name.startswith("compute_")], ["compute_80:8.7", "compute_90:8.7"])
        for mode in ("none", "size", "speed", "balance"):
            fatbin = self.fatbin(mode, ["75", "90a"], ["80"], ["--compress-all", f"--compress-mode={mode}"])
            self.assertEqual(self.assert_as_cuobjdump(self.object_of("c_" + mode, [fatbin])), ["sm_75", "sm_90a", "compute_80:8.7"])

    def test_lists_what_nvcc_was_asked_for(self):
        nvcc = self.tool("nvcc")
        if not (nvcc.parent.parent / "include/cuda_runtime.h").is_file():
            self.skipTest(f"{nvcc} has no headers of the runtime beside it")
        (self.folder / "k.cu").write_text("__global__ void k(float* x) { *x = 1; }\nvoid go(float* x) { k<<<1, 1>>>(x); }\n")
        codes = ["arch=compute_75,code=sm_75", "arch=compute_90a,code=sm_90a", "arch=compute_86,code=compute_86"]
        out = self.folder / "k.so"
        run(nvcc, "-shared", "-Xcompiler", "-fPIC", *[f"-gencode={code}" for code in codes], "-o", out, self.folder / "k.cu")
        ours = self.assert_as_cuobjdump(out)
        self.assertEqual([name.split(":")[0] for name in ours], ["sm_75", "sm_90a", "compute_86"])

    def test_lists_what_cuobjdump_lists_in_real_libraries(self):
        files = [file for toolkit in self.toolkits for file in sorted((toolkit / "lib").glob("lib*.so")) if file.stat().st_size < 160 << 20]
        # cuFFT and cuSPARSE hold fatbins outside of .nv_fatbin, which cuobjdump does not list.
        files = [file for file in files if not re.match(r"lib(cufft|cusparse|cudnn_engines|cublasLt)", file.name)]
        if not files:
            self.skipTest("no libraries of a toolkit are installed")
        with_code = [file for file in files if self.listed(file)[0]]
        for file in with_code:
            self.assert_as_cuobjdump(file)
        print(f"{len(files)} libraries, {len(with_code)} with GPU code")


if __name__ == "__main__":
    SOURCE, GPU_CODE_LIST = pathlib.Path(sys.argv[1]).resolve(), os.path.abspath(sys.argv[2])
    unittest.main(argv=sys.argv[:1] + sys.argv[3:], verbosity=2)
