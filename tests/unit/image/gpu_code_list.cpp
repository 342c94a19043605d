// gpu_code_list FILE…: the GPU code of each object, one line a file: "FILE: sm_75 sm_90a compute_90:8.7", or
// "FILE: error: …". For comparisons with NVIDIA's own reader (cuda_toolkit_test.py).
#include <cstdio>

#include <fmt/format.h>

#include "fetch/gpu_code.hpp"

int main(int argc, char** argv) {
    for (int i = 1; i < argc; ++i) {
        const auto code = aimlock::read_gpu_code(argv[i]);
        std::string line = std::string(argv[i]) + ":";
        if (!code) line += " error: " + code.error().message;
        for (const aimlock::GpuArchitecture& a :
             code ? code->architectures : std::vector<aimlock::GpuArchitecture>{}) {
            line += " " + a.text();
            if (a.kind == aimlock::GpuArchitecture::Kind::ptx)
                line += fmt::format(":{}.{}", a.isa_major, a.isa_minor);
        }
        std::puts(line.c_str());
    }
}
