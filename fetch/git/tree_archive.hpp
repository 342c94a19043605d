#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace aimlock {

/// One file or symlink of a tree.
struct TreeFile {
    std::string path;     ///< normal form of `safe_entry_path`
    std::string content;  ///< a symlink's text
    bool executable = false;
    bool symlink = false;
};

/// The canonical tar of a tree, whose digest a lock holds: below `tree/`, sorted by path, modes 0644 and
/// 0755, no owner, no time, pax headers only for what ustar cannot say, no folders. The same tree is the same
/// bytes for ever: a change here makes every locked commit a wrong one.
std::string tree_archive(std::vector<TreeFile> files);

}  // namespace aimlock
