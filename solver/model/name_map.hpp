#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "solver/base/digest.hpp"
#include "solver/base/result.hpp"

namespace aimlock {

/// Which PyPI distributions a conda package of a name carries. Form of the file: {conda name: [PyPI names]}.
class NameMap {
public:
    /// Reads the JSON form. `origin` names the document in errors.
    static Result<NameMap> parse(std::string_view json, const std::string& origin);
    /// No document: a conda name carries the PyPI name equal to it, and the built-in table covers the traps.
    static NameMap built_in();

    /// Normalised PyPI names that `conda_name` is said to carry. Where the map has no entry: the built-in
    /// table, else nothing (a document says what it knows) or, without a document, the equal name.
    [[nodiscard]] std::vector<std::string> pypi_names(std::string_view conda_name) const;
    /// All conda names that the document, or the built-in table where it has no entry, says to carry
    /// `pypi_name`, sorted. A conda name that only its equality maps is not among them.
    [[nodiscard]] std::vector<std::string> conda_names(std::string_view pypi_name) const;
    [[nodiscard]] bool is_built_in() const { return built_in_; }
    /// Digest of the document; that of the empty text when built in.
    [[nodiscard]] const Sha256& digest() const { return digest_; }

private:
    bool built_in_ = true;
    Sha256 digest_;
    std::map<std::string, std::vector<std::string>, std::less<>> pypi_of_;
    std::map<std::string, std::vector<std::string>, std::less<>> conda_of_;
};

}  // namespace aimlock
