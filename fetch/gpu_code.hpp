#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "solver/base/result.hpp"
#include "solver/model/gpu_code.hpp"

namespace aimlock {

/// The GPU code of one object: what its fatbins hold, sorted, each once.
struct GpuCode {
    std::vector<GpuArchitecture> architectures;
    std::uint64_t fatbins = 0;
};

/// True for the name of a shared object: `libx.so`, `libx.so.12`.
bool is_shared_object(std::string_view path);

/// Reads the section `.nv_fatbin` of a 64-bit ELF object; an object without it, and a file that is no such
/// object, have no GPU code. Of fatbins only headers are read. An object with that section is searched for
/// fatbins elsewhere in its data, too: cuFFT has nearly all of its kernels there. Fails on a file that cannot
/// be read, and on one whose headers do not add up.
Result<GpuCode> read_gpu_code(const std::filesystem::path& file);
/// The same of the file `name` of an open folder.
Result<GpuCode> read_gpu_code_below(int folder, const std::string& name);
/// The same of an object in memory.
Result<GpuCode> read_gpu_code_of(std::string_view object, const std::string& what);
/// The fatbins that lie whole in the first bytes of an object, whose sections are not known.
GpuCode read_gpu_code_of_beginning(std::string_view bytes);

}  // namespace aimlock
