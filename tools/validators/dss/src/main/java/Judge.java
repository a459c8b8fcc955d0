import eu.europa.esig.dss.diagnostic.DiagnosticData;
import eu.europa.esig.dss.diagnostic.SignatureWrapper;
import eu.europa.esig.dss.diagnostic.TimestampWrapper;
import eu.europa.esig.dss.jaxb.object.Message;
import eu.europa.esig.dss.model.FileDocument;
import eu.europa.esig.dss.pades.validation.PDFDocumentValidator;
import eu.europa.esig.dss.pdf.modifications.DefaultPdfDifferencesFinder;
import eu.europa.esig.dss.pdf.pdfbox.PdfBoxDefaultObjectFactory;
import eu.europa.esig.dss.simplereport.SimpleReport;
import eu.europa.esig.dss.spi.DSSUtils;
import eu.europa.esig.dss.spi.validation.CommonCertificateVerifier;
import eu.europa.esig.dss.spi.x509.CommonTrustedCertificateSource;
import eu.europa.esig.dss.validation.SignedDocumentValidator;
import eu.europa.esig.dss.validation.reports.Reports;
import java.io.BufferedReader;
import java.io.File;
import java.io.FileInputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import java.util.TreeSet;

/**
 * Judges signed PDF and XML files with EU DSS under its default policy, without a network: what a file does not bring
 * with it is not there. Reads a path a line and answers each with one line of JSON.
 *
 * <p>With -objects it does not compare the pages of revisions as pictures, which takes minutes for pages of some metres,
 * and all other comparisons are made.
 *
 * <p>Usage: Judge [-at RFC3339] [-objects] ANCHORS.pem... &lt; PATHS
 */
public final class Judge {
  private final CommonTrustedCertificateSource anchors = new CommonTrustedCertificateSource();
  private Date at;
  private boolean objects;

  public static void main(String[] args) throws Exception {
    Judge judge = new Judge();
    for (int i = 0; i < args.length; i++) {
      if (args[i].equals("-at")) {
        judge.at = Date.from(Instant.parse(args[++i]));
        continue;
      }
      if (args[i].equals("-objects")) {
        judge.objects = true;
        continue;
      }
      try (FileInputStream in = new FileInputStream(args[i])) {
        DSSUtils.loadCertificateFromP7c(in).forEach(judge.anchors::addCertificate);
      }
    }
    BufferedReader paths = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String path; (path = paths.readLine()) != null; ) {
      System.out.write((judge.line(path) + "\n").getBytes(StandardCharsets.UTF_8));
      System.out.flush();
    }
  }

  /** The verdict on one file. What DSS throws is a verdict too: a damaged file must not end the list. */
  private String line(String path) {
    long start = System.nanoTime();
    String rest;
    try {
      rest = verdict(path);
    } catch (Exception | StackOverflowError | OutOfMemoryError e) {
      rest = ",\"error\":" + quote(e.toString());
    }
    return "{\"judge\":\"dss\",\"file\":" + quote(path) + rest + ",\"ms\":" + (System.nanoTime() - start) / 1_000_000 + "}";
  }

  private String verdict(String path) {
    CommonCertificateVerifier verifier = new CommonCertificateVerifier();
    verifier.setAIASource(null); // the only source that is on by default
    verifier.setTrustedCertSources(anchors);
    SignedDocumentValidator validator = SignedDocumentValidator.fromDocument(new FileDocument(new File(path)));
    validator.setCertificateVerifier(verifier);
    if (objects && validator instanceof PDFDocumentValidator) {
      DefaultPdfDifferencesFinder differences = new DefaultPdfDifferencesFinder();
      differences.setMaximalPagesAmountForVisualComparison(0);
      PdfBoxDefaultObjectFactory factory = new PdfBoxDefaultObjectFactory();
      factory.setPdfDifferencesFinder(differences);
      ((PDFDocumentValidator) validator).setPdfObjFactory(factory);
    }
    if (at != null) {
      validator.setValidationTime(at);
    }
    Reports reports = validator.validateDocument();
    SimpleReport simple = reports.getSimpleReport();
    DiagnosticData facts = reports.getDiagnosticData();
    List<String> signatures = new ArrayList<>();
    for (SignatureWrapper s : facts.getSignatures()) {
      signatures.add(signature(s, simple));
    }
    List<String> timestamps = new ArrayList<>();
    for (TimestampWrapper t : facts.getTimestampList()) {
      timestamps.add(timestamp(t, simple));
    }
    return ",\"signatures\":[" + String.join(",", signatures) + "],\"timestamps\":[" + String.join(",", timestamps) + "]";
  }

  private static String signature(SignatureWrapper s, SimpleReport simple) {
    String id = s.getId();
    List<String> messages = texts("error: ", simple.getAdESValidationErrors(id));
    messages.addAll(texts("warning: ", simple.getAdESValidationWarnings(id)));
    return "{\"name\":" + quote(s.getFirstFieldName())
        + ",\"format\":" + quote(name(simple.getSignatureFormat(id)))
        + ",\"indication\":" + quote(name(simple.getIndication(id)))
        + ",\"sub\":" + quote(name(simple.getSubIndication(id)))
        + ",\"by\":" + quote(simple.getSignedBy(id))
        + ",\"time\":" + quote(instant(simple.getBestSignatureTime(id)))
        + ",\"changes\":" + list(changes(s))
        + ",\"messages\":" + list(messages) + "}";
  }

  /**
   * What was done to the PDF after the signature, apart from what adds evidence or fills fields. That annotations overlap
   * is said of the document as a whole, so it is no change.
   */
  private static List<String> changes(SignatureWrapper s) {
    TreeSet<String> found = new TreeSet<>();
    s.getPdfUndefinedChanges().forEach(c -> found.add("undefined: " + c.getValue()));
    s.getPdfAnnotationChanges().forEach(c -> found.add("annotation: " + c.getValue()));
    s.getPdfVisualDifferenceConcernedPages().forEach(p -> found.add("page " + p + " looks different"));
    s.getPdfPageDifferenceConcernedPages().forEach(p -> found.add("page " + p + " came or went"));
    return new ArrayList<>(found);
  }

  private static String timestamp(TimestampWrapper t, SimpleReport simple) {
    return "{\"type\":" + quote(name(t.getType()))
        + ",\"indication\":" + quote(name(simple.getIndication(t.getId())))
        + ",\"sub\":" + quote(name(simple.getSubIndication(t.getId())))
        + ",\"time\":" + quote(instant(t.getProductionTime()))
        + ",\"messages\":" + list(texts("error: ", simple.getAdESValidationErrors(t.getId()))) + "}";
  }

  private static List<String> texts(String kind, List<Message> messages) {
    List<String> texts = new ArrayList<>();
    messages.forEach(m -> texts.add(kind + m.getValue()));
    return texts;
  }

  private static String name(Enum<?> e) {
    return e == null ? "" : e.name();
  }

  private static String instant(Date d) {
    return d == null ? "" : d.toInstant().toString();
  }

  private static String list(List<String> texts) {
    List<String> quoted = new ArrayList<>();
    texts.forEach(t -> quoted.add(quote(t)));
    return "[" + String.join(",", quoted) + "]";
  }

  private static String quote(String s) {
    StringBuilder b = new StringBuilder("\"");
    for (char c : (s == null ? "" : s).toCharArray()) {
      if (c == '"' || c == '\\') {
        b.append('\\').append(c);
      } else if (c < ' ') {
        b.append(String.format("\\u%04x", (int) c));
      } else {
        b.append(c);
      }
    }
    return b.append('"').toString();
  }
}
