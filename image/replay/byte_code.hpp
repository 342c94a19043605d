#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "image/replay/replayed_package.hpp"
#include "solver/base/progress.hpp"
#include "solver/base/result.hpp"

namespace aimlock {

struct ByteCodeOptions {
    bool compile = true;  ///< false: only what packages ship is made independent of time
    unsigned threads = 0;
};

/// Gives every Python source of `packages` in `folder` byte code that stays valid whatever happens to its
/// time stamp (PEP 552, unchecked-hash): what a package ships is rewritten in its header, the rest is
/// compiled by the environment's own Python, one fresh process a package, files sorted, so that the bytes
/// depend on the package alone. Files that do not compile are left without. Notes say when no Python starts
/// here.
Result<void> make_byte_code(std::vector<ReplayedPackage>& packages,
                            const PrefixLayout& layout,
                            const std::filesystem::path& folder,
                            ByteCodeOptions options,
                            std::vector<std::string>& notes,
                            Progress& progress);

/// "a/__pycache__/b.cpython-312.pyc" -> "a/b.py"; empty for byte code without a source.
std::string source_of_byte_code(std::string_view code);

/// Makes the byte code file `code` (its bytes) of `source` an unchecked-hash one. Does nothing to bytes that
/// are no byte code, or that are of a hash kind already and unchecked. True when it changed them.
bool make_unchecked(std::string& code, std::string_view source);

}  // namespace aimlock
